// SPDX-License-Identifier: LGPL-2.1-or-later
// What SELinux lets libvirt's daemons do on this system, for the commands that change them.
#pragma once

#include "driver/libvirt/confinement.hpp"
#include "tools/console.hpp"

#include <optional>
#include <string>

namespace hostcompat::tools {

/// Whether the daemons may execute the hook that is to be written, or the one that is there.
libvirt::Confinement confinedHook(const std::string& hook, const std::string& program,
                                  bool isThere);

/// Whether a daemon preloads the module.
libvirt::Confinement confinedPreload(const std::string& daemon);

/// Says as a warning what SELinux would deny if it were enforced. The denial that is.
std::optional<Error> enforcedProblem(const libvirt::Confinement& said, Console& console);

} // namespace hostcompat::tools
