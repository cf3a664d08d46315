// SPDX-License-Identifier: LGPL-2.1-or-later
// Files that this program writes into folders of other programs, and removes again.
#pragma once

#include "driver/input/descriptor.hpp"
#include "driver/model/error.hpp"

#include <filesystem>
#include <string>
#include <string_view>

namespace hostcompat::input {

/// Creates a folder and its parents, if they are missing. Errors: kind system with the folder that
/// cannot be made.
Result<void> makeFolders(const std::filesystem::path& path);

/// Every file that this program writes has this line; other files are foreign.
inline constexpr std::string_view kManagedMark = "# Written by virt-host-compat";

/// Whether a file was written by this program.
enum class ManagedState {
    absent,
    ours,
    foreign, ///< not written by this program, or not a regular file; never changed
};

/// Whether a text has a line that begins with kManagedMark.
bool hasManagedMark(std::string_view content);

/// The extended attribute with a file's SELinux label (xattr(7)).
inline constexpr const char* kSelinuxLabel = "security.selinux";

/// How files of one kind are recognized and written.
struct ManagedKind {
    /// Whether this program wrote a content.
    bool (*isOurs)(std::string_view content) = hasManagedMark;
    /// The file's permissions.
    unsigned mode = 0644;
    /// The folder of the temporary file, on the same file system; empty for the file's own folder.
    std::filesystem::path temporaryFolder = {};
    /// Its SELinux label; empty for the one that the system gives it.
    std::string label = {};
};

/// A file that exists, or not.
struct ManagedFile {
    ManagedState state = ManagedState::absent;
    /// The bytes of a regular file.
    std::string content;
};

/// Replaces a file, whoever wrote it, by renaming a temporary file, which is removed on failure.
/// Errors: kind system with the file that cannot be made or written.
Result<void> putFile(const std::filesystem::path& path, std::string_view content,
                     const ManagedKind& kind = {});

/// A new file without a name, for what becomes too large for memory before it is put to the path:
/// beside it, or in the folder of temporary files where the path is a device, a pipe or "-". It
/// goes with its descriptor. Errors: kind system where it cannot be made.
Result<Descriptor> makeScratch(const std::filesystem::path& path);

/// Writes a copy of a file that may be read from its start to a file that a user named. One that is
/// there is replaced whole or not at all, keeps its permissions, and is found through links; a new
/// one gets those that the umask leaves. What is no regular file, such as a device or a pipe, is
/// written to and never replaced.
/// Errors: kind system, as putFile().
Result<void> replaceFile(const std::filesystem::path& named, const Descriptor& source);

/// Looks at a file. Errors: kind input where it is there and cannot be read or trusted
/// (readTrusted()).
Result<ManagedFile> lookAtManaged(const std::filesystem::path& path, const ManagedKind& kind = {});

/// Writes a file whole or not at all, with its folders; one of ours is replaced. A file that has
/// these bytes, permissions and label already is left as it is.
///
/// @param content is of this kind (ManagedKind::isOurs).
/// @return whether it was written.
/// Errors: kind input if somebody else's file is there or it cannot be trusted, or where a folder
/// that it goes into may be written by others than root and the own user; kind system if writing
/// fails.
Result<bool> writeManaged(const std::filesystem::path& path, std::string_view content,
                          const ManagedKind& kind = {});

/// Removes a file of ours. Returns whether there was one. Errors: as writeManaged().
Result<bool> removeManaged(const std::filesystem::path& path, const ManagedKind& kind = {});

/// Like removeManaged(), and also removes the folder if it is empty: for folders that may be
/// missing.
Result<bool> removeManagedWithFolder(const std::filesystem::path& path);

} // namespace hostcompat::input
