// SPDX-License-Identifier: LGPL-2.1-or-later
// Writes beside and renames, so that a daemon never reads half a file.
#include "driver/libvirt/managed_file.hpp"

#include "driver/input/descriptor.hpp"
#include "driver/libvirt/trusted_file.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <unistd.h>

namespace hostcompat::libvirt {

namespace {

Error systemError(std::string action, const std::filesystem::path& path, int errorNumber) {
    return {.kind = ErrorKind::system,
            .action = std::move(action),
            .subject = path.string(),
            .errorNumber = errorNumber,
            .remedy = errorNumber == EACCES || errorNumber == EPERM ? "run as root" : ""};
}

Error foreignError(const std::filesystem::path& path) {
    return {.kind = ErrorKind::input,
            .action = "change",
            .subject = path.string(),
            .reason = "this program did not write it",
            .remedy = "move it away first"};
}

bool hasMark(std::string_view content) {
    const auto place = content.find(kManagedMark);
    return place == 0 || (place != std::string_view::npos && content[place - 1] == '\n');
}

/// std::filesystem::create_directories() takes a folder that it cannot look at for one that is
/// missing, and then names another error.
Result<void> makeFolders(const std::filesystem::path& path) {
    std::filesystem::path folder;
    for (const auto& part : path) {
        folder /= part;
        if (::mkdir(folder.c_str(), 0777) != 0 && errno != EEXIST)
            return std::unexpected(systemError("create the folder", folder, errno));
    }
    return {};
}

/// Writes and closes a new file. 0, or errno.
int fill(int file, std::string_view content, unsigned mode) {
    int problem = ::fchmod(file, mode) == 0 ? 0 : errno;
    if (problem == 0)
        problem = input::writeWhole(file, content);
    if (problem == 0 && ::fsync(file) != 0)
        problem = errno;
    if (::close(file) != 0 && problem == 0)
        problem = errno;
    return problem;
}

/// Puts a file at a path by way of a new one beside it, which never outlives a failure.
Result<void> putFile(const std::filesystem::path& path, std::string_view content, unsigned mode) {
    // A name that begins with a dot is passed over by systemd and by libvirt's hooks. The rest of
    // it is nobody else's: mkostemp(3) takes no file that is there.
    std::string beside = path.parent_path() / fmt::format(".{}.XXXXXX", path.filename().string());
    const int file = ::mkostemp(beside.data(), O_CLOEXEC);
    if (file < 0)
        return std::unexpected(systemError("create", beside, errno));
    Result<void> done;
    if (const int problem = fill(file, content, mode); problem != 0)
        done = std::unexpected(systemError("write", beside, problem));
    else if (::rename(beside.c_str(), path.c_str()) != 0)
        done = std::unexpected(systemError("rename to", path, errno));
    if (!done)
        ::unlink(beside.c_str());
    return done;
}

} // namespace

Result<ManagedState> managedState(const std::filesystem::path& path) {
    struct stat status;
    if (::lstat(path.c_str(), &status) != 0) {
        if (errno == ENOENT || errno == ENOTDIR)
            return ManagedState::absent;
        return std::unexpected(systemError("look at", path, errno));
    }
    if (!S_ISREG(status.st_mode))
        return ManagedState::foreign;
    const auto content = readTrusted(path.string());
    if (!content)
        return std::unexpected(content.error());
    return hasMark(*content) ? ManagedState::ours : ManagedState::foreign;
}

Result<void> writeManaged(const std::filesystem::path& path, std::string_view content,
                          unsigned mode) {
    const auto state = managedState(path);
    if (!state)
        return std::unexpected(state.error());
    if (*state == ManagedState::foreign)
        return std::unexpected(foreignError(path));
    if (auto made = makeFolders(path.parent_path()); !made)
        return made;
    if (auto trusted = checkTrusted(path.parent_path().string()); !trusted)
        return std::unexpected(std::move(trusted.error()));
    return putFile(path, content, mode);
}

Result<bool> removeManaged(const std::filesystem::path& path) {
    const auto state = managedState(path);
    if (!state)
        return std::unexpected(state.error());
    switch (*state) {
    case ManagedState::absent:
        return false;
    case ManagedState::foreign:
        return std::unexpected(foreignError(path));
    case ManagedState::ours:
        break;
    }
    if (::unlink(path.c_str()) != 0)
        return std::unexpected(systemError("remove", path, errno));
    return true;
}

} // namespace hostcompat::libvirt
