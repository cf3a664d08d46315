// SPDX-License-Identifier: LGPL-2.1-or-later
// What the host's files say about it, without KVM.
#pragma once

#include "driver/model/host_compat.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace hostcompat::host {

/// The level in the device tree's cpu-version properties.
struct EffectiveLevel {
    /// The value that every CPU node has; nothing if they do not give one.
    std::optional<std::uint32_t> cpuVersion;
    /// Why there is none: half a sentence for a message. Empty if there is one.
    std::string problem;
};

/// Everything about a host that affects or explains its modes.
struct HostFacts {
    model::HostIdentity identity;
    EffectiveLevel level;
    /// Whether the kernel lists the module kvm_hv (or has it built in).
    bool hvModule = false;
    /// The option nested of kvm_hv; nothing if the kernel does not show it.
    std::optional<bool> nestedOption;
};

/// What the kernel reports without any file system.
struct SystemNames {
    std::string node;    ///< uname -n
    std::string machine; ///< uname -m
    std::string release; ///< uname -r
    /// AT_BASE_PLATFORM of the auxiliary vector; empty if the kernel gives none.
    std::string basePlatform;
    std::uint64_t pageSize = 0; ///< sysconf(_SC_PAGESIZE), in bytes
};

/// The answers of uname(2), getauxval(3) and sysconf(3), which cannot fail.
SystemNames systemNames();

/// Reads the host below a root folder: proc/cpuinfo, sys/firmware/devicetree/base (or
/// proc/device-tree) and sys/module. If a file is missing, unreadable or malformed, its fact stays
/// unset; a host without any of these files is a valid answer, so this cannot fail. Sources: Linux
/// arch/powerpc/kernel/setup-common.c (show_cpuinfo), PAPR 2.13 C.6.2 (cpu-version).
HostFacts readHost(const std::filesystem::path& root, const SystemNames& names);

} // namespace hostcompat::host
