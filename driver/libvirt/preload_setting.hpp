// SPDX-License-Identifier: LGPL-2.1-or-later
// Whether systemd already sets LD_PRELOAD for a daemon.
#pragma once

#include "driver/model/error.hpp"

#include <array>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string_view>

namespace hostcompat::libvirt {

/// The folders of units, relative to the system's root, in order of precedence (systemd.unit(5),
/// system manager).
inline constexpr std::array<const char*, 5> kUnitFolders = {
    "etc/systemd/system", "run/systemd/system", "usr/local/lib/systemd/system",
    "usr/lib/systemd/system", "lib/systemd/system"};

/// A line that names LD_PRELOAD.
struct PreloadSetting {
    std::filesystem::path file;
    std::size_t line = 0; ///< counted from 1
};

/// The first line, other than in the drop-in of this program, that sets LD_PRELOAD for a daemon: in
/// its unit, the unit's drop-ins and those of all services, the files that EnvironmentFile= names
/// there, or the manager's configuration. systemd keeps one value of a variable (systemd.exec(5),
/// Environment=), so a second setting would replace the first.
///
/// @param root the system's root. @param daemon the unit's name without ".service".
/// @return nothing if there is none. Errors: those of readInput() for a file that is there.
Result<std::optional<PreloadSetting>> otherPreload(const std::filesystem::path& root,
                                                   std::string_view daemon);

} // namespace hostcompat::libvirt
