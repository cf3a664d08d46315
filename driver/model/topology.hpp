// SPDX-License-Identifier: LGPL-2.1-or-later
// A host's NUMA nodes and CPUs as values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace hostcompat::model {

/// One logical CPU as sysfs describes it.
struct LogicalCpu {
    unsigned id = 0;
    unsigned socketId = 0;
    unsigned coreId = 0;
    /// The logical CPUs of the same core, in the kernel's list notation ("0-7").
    std::string siblings;

    friend bool operator==(const LogicalCpu&, const LogicalCpu&) = default;
};

/// One NUMA node with its CPUs.
struct NumaNode {
    unsigned id = 0;
    /// KiB; nothing if the host does not tell.
    std::optional<std::uint64_t> memory;
    /// Those that are online.
    std::vector<LogicalCpu> cpus;
    /// How many more it has that are offline.
    unsigned offline = 0;

    friend bool operator==(const NumaNode&, const NumaNode&) = default;
};

} // namespace hostcompat::model
