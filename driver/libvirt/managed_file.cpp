// SPDX-License-Identifier: LGPL-2.1-or-later
// Writes beside and renames, so that a daemon never reads half a file.
#include "driver/libvirt/managed_file.hpp"

#include "driver/input/descriptor.hpp"
#include "driver/libvirt/trusted_file.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
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

Result<void> writeAll(const std::filesystem::path& path, std::string_view content, unsigned mode) {
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (file < 0)
        return std::unexpected(systemError("create", path, errno));
    int problem = ::fchmod(file, mode) == 0 ? 0 : errno;
    if (problem == 0)
        problem = input::writeWhole(file, content);
    if (problem == 0 && ::fsync(file) != 0)
        problem = errno;
    if (::close(file) != 0 && problem == 0)
        problem = errno;
    if (problem != 0)
        return std::unexpected(systemError("write", path, problem));
    return {};
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
    // A name that begins with a dot is passed over by systemd and by libvirt's hooks.
    const auto beside =
        path.parent_path() / fmt::format(".{}.{}", path.filename().string(), ::getpid());
    auto written = writeAll(beside, content, mode);
    if (written && ::rename(beside.c_str(), path.c_str()) != 0)
        written = std::unexpected(systemError("rename to", path, errno));
    if (!written)
        ::unlink(beside.c_str());
    return written;
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
