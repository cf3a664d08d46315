// SPDX-License-Identifier: LGPL-2.1-or-later
// Finds out everything about a host: the main entry point of the library.
#pragma once

#include "driver/host/facts.hpp"
#include "driver/kvm/kernel.hpp"
#include "driver/model/error.hpp"
#include "driver/model/host_compat.hpp"
#include "driver/model/topology.hpp"
#include "driver/text/utc_time.hpp"

#include <ctime>
#include <filesystem>
#include <string>
#include <vector>

namespace hostcompat::answer {

/// Which host to look at, and what to find out.
struct HostPlace {
    /// The folder below which procfs and sysfs are read.
    std::filesystem::path root = "/";
    host::SystemNames names = host::systemNames();
    std::string device = "/dev/kvm";
    /// The time for the record.
    std::string time = text::utcTime(std::time(nullptr));
    /// Whether the topology is read too, which takes several files for each CPU.
    bool topology = false;
    /// Whether each mode is also tried if the kernel gives a bitmap; the checks then report whether
    /// both agree.
    bool alwaysTry = false;
};

/// The result: the record, and the topology, which only a document needs.
struct ProbedHost {
    model::HostRecord record;
    /// By node id; empty if it was not wanted or the host does not tell, and for a record that was
    /// read from a file.
    std::vector<model::NumaNode> nodes;
};

/// Reads the host's files, and asks KVM if the host is POWER. Never prints, keeps nothing open.
/// Errors: those of askKvm().
Result<ProbedHost> probeHost(kvm::Kernel& kernel, const HostPlace& place = {});

} // namespace hostcompat::answer
