// SPDX-License-Identifier: LGPL-2.1-or-later
// The systemd drop-in that makes a libvirt daemon preload the module.
#pragma once

#include "driver/input/managed_file.hpp"
#include "driver/model/error.hpp"

#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hostcompat::libvirt {

/// The daemons that run QEMU guests: the monolithic and the modular one.
inline constexpr std::array<std::string_view, 2> kDaemons = {"libvirtd", "virtqemud"};

/// The path of a daemon's drop-in.
std::filesystem::path dropInPath(const std::filesystem::path& root, std::string_view daemon);

/// The daemons whose unit is installed below the root, in the order of kDaemons. Errors: kind
/// system if that cannot be found out.
Result<std::vector<std::string>> installedDaemons(const std::filesystem::path& root);

/// The drop-in's content. The module's path must be absolute, without white space, quotes, % and
/// colons, which are special for systemd or the dynamic loader. Errors: kind usage for any other
/// path.
Result<std::string> dropInText(const std::filesystem::path& module);

/// Whether a daemon may preload the file.
/// Errors: kind input if it is missing, where it or its folder may be written by others, or where
/// it has the set-user-ID or the set-group-ID bit: the loader would let any user preload such a
/// file into set-user-ID programs.
Result<void> checkModule(const std::filesystem::path& module);

/// Whether the daemon's program starts with the module preloaded, tried with its --version. Errors:
/// kind input if the dynamic loader does not load the module, or if the program fails with it. A
/// missing program is not an error.
Result<void> tryModule(const std::filesystem::path& module, std::string_view daemon);

/// A running daemon, and whether it has the module.
struct RunningDaemon {
    int process = 0;
    bool hasModule = false;
};

/// The running processes of that name. Whether they have the module is known to root only.
/// @return nothing if a process may not be inspected.
std::optional<std::vector<RunningDaemon>> runningDaemons(std::string_view daemon,
                                                         const std::filesystem::path& module);

} // namespace hostcompat::libvirt
