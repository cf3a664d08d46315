// SPDX-License-Identifier: LGPL-2.1-or-later
// Whether SELinux lets libvirt's daemons run the hook and preload the module.
#pragma once

#include "driver/libvirt/selinux.hpp"
#include "driver/model/error.hpp"

#include <array>
#include <optional>
#include <string>
#include <vector>

namespace hostcompat::libvirt {

/// The folders that can have the programs of libvirt's daemons.
inline constexpr std::array<const char*, 2> kProgramFolders = {"/usr/sbin", "/usr/local/sbin"};

/// A daemon's program, by its name, and its processes that run now.
struct ConfinedDaemon {
    std::string name;
    std::vector<int> processes;
};

/// What SELinux has against something.
struct Confinement {
    SelinuxMode mode = SelinuxMode::absent;
    /// What is denied, or why that cannot be found out.
    std::optional<Error> problem;
    /// Whether the denial holds; it is only logged where the system or the domain is permissive.
    bool enforced = true;
    /// The label that the policy has for the hook; empty for none.
    std::string label = {};
};

/// What a hook consists of, and how the policy is made to allow it.
struct HookFiles {
    std::string hook;    ///< the script
    std::string program; ///< what it starts
    std::string remedy;  ///< what helps where the policy labels the script wrongly
};

/// Whether libvirt may execute a hook that is yet to be written, with the label that the policy has
/// for its path. libvirt refuses every guest whose hook it may not execute.
///
/// @param daemons whose programs or processes are there; the others are passed over.
Confinement confinementOfNewHook(const SelinuxCalls& calls, const HookFiles& files,
                                 const std::vector<ConfinedDaemon>& daemons);

/// The same for a hook that is there, with the label that it has.
Confinement confinementOfHook(const SelinuxCalls& calls, const HookFiles& files,
                              const std::vector<ConfinedDaemon>& daemons);

/// Whether a daemon that systemd starts preloads a module that is named by its path. Unless the
/// policy allows noatsecure the kernel sets AT_SECURE, and the loader ignores the name (ld.so(8)).
///
/// @param remedy what helps. A daemon whose program is not there is passed over.
Confinement confinementOfPreload(const SelinuxCalls& calls, const std::string& daemon,
                                 const std::string& remedy);

} // namespace hostcompat::libvirt
