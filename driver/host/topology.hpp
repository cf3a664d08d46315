// SPDX-License-Identifier: LGPL-2.1-or-later
// The host's NUMA nodes and CPUs, as far as a capabilities document contains them.
#pragma once

#include "driver/model/topology.hpp"

#include <filesystem>
#include <vector>

namespace hostcompat::host {

/// The NUMA nodes that have CPUs or memory, by id, each with its CPUs by id. A package id that
/// sysfs gives as -1 is 0. A kernel without NUMA is one node 0. Empty if sysfs does not describe
/// the CPUs. Source: Linux Documentation/ABI/stable/sysfs-devices-system-cpu.
std::vector<model::NumaNode> readTopology(const std::filesystem::path& root);

} // namespace hostcompat::host
