// SPDX-License-Identifier: LGPL-2.1-or-later
// Asks the kernel which process holds the lock of a guest's PID file.
#include "driver/libvirt/guest_process.hpp"

#include "driver/input/descriptor.hpp"
#include "driver/model/error.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstddef>
#include <fcntl.h>
#include <unistd.h>

namespace hostcompat::libvirt {

namespace {

/// The longest command line that is read, in bytes. libvirt's command lines have a few thousand.
constexpr std::size_t kLongest = std::size_t{4} << 20;

/// The name as virPidFileBuildPath() of libvirt 9.0 writes it into the path: with the escapes of
/// XML.
std::string escaped(std::string_view name) {
    std::string text;
    for (const char character : name) {
        switch (character) {
        case '&':
            text += "&amp;";
            break;
        case '<':
            text += "&lt;";
            break;
        case '>':
            text += "&gt;";
            break;
        case '\'':
            text += "&apos;";
            break;
        case '"':
            text += "&quot;";
            break;
        default:
            text += character;
        }
    }
    return text;
}

GuestProcess unseen(std::string note) {
    return {.commandLine = {}, .note = std::move(note)};
}

/// The process that holds the lock of the file; 0 if there is none, or if it is not visible from
/// this PID namespace.
pid_t holderOf(const input::Descriptor& file) {
    struct flock lock{};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    lock.l_len = 1;
    if (::fcntl(file.number(), F_GETLK, &lock) != 0 || lock.l_type == F_UNLCK)
        return 0;
    return lock.l_pid;
}

GuestProcess readCommandLine(const input::Descriptor& file, const std::string& path) {
    std::string text;
    const int problem = input::readPieces(file.number(), [&](std::string_view piece) {
        text += piece;
        return text.size() > kLongest ? EFBIG : 0;
    });
    if (problem == EFBIG)
        return unseen(fmt::format("{} is longer than {} bytes", path, kLongest));
    if (problem != 0)
        return unseen(fmt::format("cannot read {}: {}", path, model::errorName(problem)));
    if (text.empty())
        return unseen(fmt::format("{} is empty, as its process has ended", path));
    return {.commandLine = std::move(text), .note = {}};
}

} // namespace

GuestProcess readGuestProcess(std::string_view name, const GuestProcessPlace& place) {
    if (name.empty() || name.contains('/'))
        return unseen("its name is that of no PID file");
    const auto open = [&](std::string_view stem) {
        return input::openFile(fmt::format("{}/{}.pid", place.pidFiles, stem),
                               O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    };
    input::Descriptor file = open(name);
    if (!file && errno == ENOENT)
        file = open(escaped(name));
    const std::string path = fmt::format("{}/{}.pid", place.pidFiles, name);
    if (!file)
        return unseen(fmt::format("cannot open {}: {}", path, model::errorName(errno)));
    struct stat status{};
    if (::fstat(file.number(), &status) != 0 || !S_ISREG(status.st_mode) ||
        (status.st_uid != 0 && status.st_uid != ::geteuid()) || (status.st_mode & 022) != 0)
        return unseen(fmt::format("{} may have been written by others than root", path));
    const pid_t process = holderOf(file);
    if (process <= 0)
        return unseen(fmt::format("no process that is seen here holds the lock of {}", path));
    const std::string line = fmt::format("{}/{}/cmdline", place.processes, process);
    const input::Descriptor arguments = input::openFile(line, O_RDONLY);
    if (!arguments)
        return unseen(fmt::format("cannot open {}: {}", line, model::errorName(errno)));
    // The same process held the lock before and after, so it is the one whose file was opened.
    if (holderOf(file) != process)
        return unseen(fmt::format("the process that held the lock of {} has ended", path));
    return readCommandLine(arguments, line);
}

} // namespace hostcompat::libvirt
