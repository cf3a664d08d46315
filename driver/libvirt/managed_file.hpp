// SPDX-License-Identifier: LGPL-2.1-or-later
// Files that this program puts into folders of others, and takes away again.
#pragma once

#include "driver/model/error.hpp"

#include <filesystem>
#include <string>
#include <string_view>

namespace hostcompat::libvirt {

/// A line that every file which this program wrote has; what lacks it is somebody else's.
inline constexpr std::string_view kManagedMark = "# Written by virt-host-compat";

/// Whose file stands at a path.
enum class ManagedState {
    absent,
    ours,
    foreign, ///< somebody else wrote it, or it is no file; it is never changed
};

/// Looks at a file. Errors: kind input where it is there and cannot be read or trusted
/// (readTrusted()).
Result<ManagedState> managedState(const std::filesystem::path& path);

/// Writes a file whole or not at all, with its folders; one of ours is replaced.
///
/// @param content has kManagedMark as a line. @param mode its permissions (0644, 0755).
/// Errors: kind input where somebody else's file is there or it cannot be trusted, or where a
/// folder that it goes into may be written by others than root and the own user; kind system where
/// writing fails.
Result<void> writeManaged(const std::filesystem::path& path, std::string_view content,
                          unsigned mode);

/// Removes a file of ours. Returns whether there was one. Errors: as writeManaged().
Result<bool> removeManaged(const std::filesystem::path& path);

} // namespace hostcompat::libvirt
