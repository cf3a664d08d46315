// SPDX-License-Identifier: LGPL-2.1-or-later
// Writes a temporary file and renames it, so that a daemon never reads half a file.
#include "driver/input/managed_file.hpp"

#include "driver/input/trusted_file.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <system_error>

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <functional>
#include <unistd.h>

namespace hostcompat::input {

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
            .action = "replace or remove",
            .subject = path.string(),
            .reason = "this program did not write it",
            .remedy = "move it to another place first"};
}

/// Whether a file has the label, or no label is required. The kernel ends a label with a NUL.
bool hasLabel(const std::filesystem::path& path, const std::string& label) {
    if (label.empty())
        return true;
    std::string found(label.size() + 2, '\0');
    const ssize_t length = ::getxattr(path.c_str(), kSelinuxLabel, found.data(), found.size());
    return length >= 0 && label == found.c_str();
}

/// Writes to a file. 0, or errno.
using Writer = std::function<int(int file)>;

/// Writes and closes a new file. 0, or errno.
int fill(int file, const Writer& write, const ManagedKind& kind) {
    int problem = ::fchmod(file, kind.mode) == 0 ? 0 : errno;
    // Set the label before the file gets its name, so that no program sees it without.
    if (problem == 0 && !kind.label.empty() &&
        ::fsetxattr(file, kSelinuxLabel, kind.label.c_str(), kind.label.size() + 1, 0) != 0)
        problem = errno;
    if (problem == 0)
        problem = write(file);
    if (problem == 0 && ::fsync(file) != 0)
        problem = errno;
    if (::close(file) != 0 && problem == 0)
        problem = errno;
    return problem;
}

/// The name of a new file for mkostemp(3).
std::string nameBeside(const std::filesystem::path& path, const std::filesystem::path& folder) {
    return folder / fmt::format(".{}.XXXXXX", path.filename().string());
}

Result<void> put(const std::filesystem::path& path, const Writer& write, const ManagedKind& kind) {
    // systemd and libvirt's hooks ignore names that begin with a dot. mkostemp(3) never opens an
    // existing file.
    const auto folder = kind.temporaryFolder.empty() ? path.parent_path() : kind.temporaryFolder;
    std::string beside = nameBeside(path, folder);
    const int file = ::mkostemp(beside.data(), O_CLOEXEC);
    if (file < 0)
        return std::unexpected(systemError("create", beside, errno));
    Result<void> done;
    if (const int problem = fill(file, write, kind); problem != 0)
        done = std::unexpected(systemError("write", beside, problem));
    else if (::rename(beside.c_str(), path.c_str()) != 0)
        done = std::unexpected(systemError("rename to", path, errno));
    if (!done)
        ::unlink(beside.c_str());
    return done;
}

} // namespace

Result<void> putFile(const std::filesystem::path& path, std::string_view content,
                     const ManagedKind& kind) {
    return put(path, [&](int file) { return writeWhole(file, content); }, kind);
}

Result<Descriptor> makeScratch(const std::filesystem::path& path) {
    std::error_code error;
    const auto kind = std::filesystem::status(path, error).type();
    const bool beside = kind == std::filesystem::file_type::regular ||
                        kind == std::filesystem::file_type::not_found;
    const auto folder = beside ? path.parent_path() : std::filesystem::temp_directory_path(error);
    if (folder.empty() && !beside)
        return std::unexpected(
            systemError("find a folder for temporary files for", path, error.value()));
    std::string name = nameBeside(path, folder);
    Descriptor file(::mkostemp(name.data(), O_CLOEXEC));
    if (!file)
        return std::unexpected(systemError("create", name, errno));
    ::unlink(name.c_str());
    return file;
}

Result<void> replaceFile(const std::filesystem::path& named, const Descriptor& source) {
    constexpr unsigned kPermissions = 0777;
    const Writer write = [&](int file) {
        return readPieces(source.number(),
                          [&](std::string_view piece) { return writeWhole(file, piece); });
    };
    struct stat status;
    if (::stat(named.c_str(), &status) != 0) {
        if (errno != ENOENT)
            return std::unexpected(systemError("look at", named, errno));
        const unsigned mask = ::umask(0);
        ::umask(mask);
        return put(named, write, {.mode = 0666 & ~mask});
    }
    if (S_ISREG(status.st_mode)) {
        std::error_code error;
        const auto path = std::filesystem::canonical(named, error);
        if (error)
            return std::unexpected(systemError("follow", named, error.value()));
        return put(path, write, {.mode = status.st_mode & kPermissions});
    }
    Descriptor file(::open(named.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY));
    if (!file)
        return std::unexpected(systemError("open", named, errno));
    if (const int problem = write(file.number()); problem != 0)
        return std::unexpected(systemError("write", named, problem));
    return {};
}

/// Not std::filesystem::create_directories(), which treats a folder that it cannot stat(2) as
/// missing, and then reports another error.
Result<void> makeFolders(const std::filesystem::path& path) {
    std::filesystem::path folder;
    for (const auto& part : path) {
        folder /= part;
        if (::mkdir(folder.c_str(), 0777) != 0 && errno != EEXIST)
            return std::unexpected(systemError("create the folder", folder, errno));
    }
    return {};
}

bool hasManagedMark(std::string_view content) {
    const auto place = content.find(kManagedMark);
    return place == 0 || (place != std::string_view::npos && content[place - 1] == '\n');
}

Result<ManagedFile> lookAtManaged(const std::filesystem::path& path, const ManagedKind& kind) {
    struct stat status;
    if (::lstat(path.c_str(), &status) != 0) {
        if (errno == ENOENT || errno == ENOTDIR)
            return ManagedFile();
        return std::unexpected(systemError("look at", path, errno));
    }
    if (!S_ISREG(status.st_mode))
        return ManagedFile{.state = ManagedState::foreign, .content = {}};
    auto content = readTrusted(path.string());
    if (!content)
        return std::unexpected(std::move(content.error()));
    const auto state = kind.isOurs(*content) ? ManagedState::ours : ManagedState::foreign;
    return ManagedFile{.state = state, .content = std::move(*content)};
}

Result<bool> writeManaged(const std::filesystem::path& path, std::string_view content,
                          const ManagedKind& kind) {
    const auto file = lookAtManaged(path, kind);
    if (!file)
        return std::unexpected(file.error());
    if (file->state == ManagedState::foreign)
        return std::unexpected(foreignError(path));
    struct stat status;
    if (file->state == ManagedState::ours && file->content == content &&
        ::stat(path.c_str(), &status) == 0 && (status.st_mode & 07777) == kind.mode &&
        hasLabel(path, kind.label))
        return false;
    for (const auto& folder : {path.parent_path(), kind.temporaryFolder}) {
        if (folder.empty())
            continue;
        if (auto made = makeFolders(folder); !made)
            return std::unexpected(std::move(made.error()));
        if (auto trusted = checkTrusted(folder.string()); !trusted)
            return std::unexpected(std::move(trusted.error()));
    }
    if (auto put = putFile(path, content, kind); !put)
        return std::unexpected(std::move(put.error()));
    return true;
}

Result<bool> removeManaged(const std::filesystem::path& path, const ManagedKind& kind) {
    const auto file = lookAtManaged(path, kind);
    if (!file)
        return std::unexpected(file.error());
    switch (file->state) {
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

Result<bool> removeManagedWithFolder(const std::filesystem::path& path) {
    auto removed = removeManaged(path);
    if (removed && *removed)
        ::rmdir(path.parent_path().c_str());
    return removed;
}

} // namespace hostcompat::input
