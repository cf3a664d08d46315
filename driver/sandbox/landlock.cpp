// SPDX-License-Identifier: LGPL-2.1-or-later
// Landlock with raw system calls, because the C library has no functions for them.
#include "driver/sandbox/landlock.hpp"

#include "driver/input/descriptor.hpp"

#include <linux/landlock.h>
#include <sys/syscall.h>

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

namespace hostcompat::sandbox::landlock {

namespace {

int add(int ruleset, const std::string& file) {
    const input::Descriptor opened = input::openFile(file, O_PATH);
    // A missing file is reported when it is read. After any other error the file must not be left
    // out, because reading it would be misreported as a permission error.
    if (!opened)
        return errno == ENOENT || errno == EACCES || errno == ENOTDIR || errno == ELOOP ||
                       errno == ENAMETOOLONG
                   ? 0
                   : errno;
    const landlock_path_beneath_attr rule{.allowed_access = LANDLOCK_ACCESS_FS_READ_FILE,
                                          .parent_fd = opened.number()};
    if (::syscall(__NR_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0U) == 0)
        return 0;
    // Landlock does not accept files that are on no file system (for example a pipe), and does not
    // restrict them.
    return errno == EBADFD || errno == EINVAL ? 0 : errno;
}

} // namespace

int abiVersion() {
    const long version =
        ::syscall(__NR_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
    return version > 0 ? static_cast<int>(version) : 0;
}

int readOnly(std::span<const std::string> files) {
    // The access rights of the first ABI. The filter already denies what later ABIs add (sockets,
    // devices).
    const landlock_ruleset_attr handled{
        .handled_access_fs = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE |
                             LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR |
                             LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |
                             LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR |
                             LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK |
                             LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK |
                             LANDLOCK_ACCESS_FS_MAKE_SYM};
    const input::Descriptor ruleset(
        static_cast<int>(::syscall(__NR_landlock_create_ruleset, &handled, sizeof handled, 0U)));
    if (!ruleset)
        return errno;
    for (const std::string& file : files)
        if (const int failed = add(ruleset.number(), file); failed != 0)
            return failed;
    return ::syscall(__NR_landlock_restrict_self, ruleset.number(), 0U) == 0 ? 0 : errno;
}

} // namespace hostcompat::sandbox::landlock
