// SPDX-License-Identifier: LGPL-2.1-or-later
// The measurements, and the rule that follows from them.
#include "driver/policy/unpinned.hpp"

#include <string_view>

namespace hostcompat::policy {

namespace {

/// The answer of a vCPU to the level of the processor itself; empty where it was not asked.
std::string_view answerToOwnLevel(const PolicyHost& host, unsigned own) {
    if (!host.compat.trial)
        return {};
    const auto answer = host.compat.trial->modes.find(own);
    return answer == host.compat.trial->modes.end() ? std::string_view() : answer->second;
}

// What guests without a pinned mode did in partitions in an older mode (docs/truth.md; QEMU 7.2,
// 10.0 and 11.1 within, which all give them the processor itself). KVM checks the guest's level
// against the partition's since Linux 7.3 and 6.13.y (commit 884ea0283f4e), and then stops the
// guest ("kvm run failed Invalid argument").

/// POWER10 and Power11 share one value of the PCR. On PowerVM, which is of API v2, the guest dies
/// on kernels without the check too ("KVM-NESTEDv2: couldn't set guest wide elements"); a Linux,
/// which is the hypervisor of API v1, runs it as Power11 (architected).
Unpinned power11AsPower10(const PolicyHost& host) {
    if (!host.kernelKnowsProcessor)
        return Unpinned::runsBeyond; // Linux 6.1
    if (host.compat.known->source == "kvm" || host.nestedApi == model::NestedApi::v2)
        return Unpinned::stopped;
    const std::string_view own = answerToOwnLevel(host, 11);
    if (own.empty())
        return Unpinned::dependsOnKernel;
    if (own != model::Trial::kTaken)
        return Unpinned::stopped;
    return host.nestedApi ? Unpinned::runsBeyond : Unpinned::dependsOnKernel;
}

/// The trial does not tell kernels with the check from those without: both refuse power11 here.
/// Linux 6.12 runs the guest as Power11 (raw).
Unpinned power11AsPower9(const PolicyHost& host) {
    return host.compat.known->source == "kvm" ? Unpinned::stopped : Unpinned::dependsOnKernel;
}

/// A POWER10 asks for no level that the kernel checks: its guest boots as POWER10 (raw) on Linux
/// 6.1, 6.12, 7.2 and 7.3. With API v2 no guest came up under QEMU, with or without a pinned mode.
Unpinned power10AsPower9(const PolicyHost& host) {
    if (!host.nestedApi)
        return Unpinned::apiNotTold;
    return host.nestedApi == model::NestedApi::v1 ? Unpinned::runsBeyond : Unpinned::notMeasured;
}

/// A processor without a known name is newer than those that the host's libvirt, or this version,
/// knows. Where libvirt does not know it, this one's newest mode tells that it is of that mode.
Unpinned onUnnamedProcessor(const PolicyHost& host) {
    const bool isNewest = supportedModes(host).newest() >= model::modeTable().back().number;
    return isNewest && !host.libvirtKnowsProcessor ? Unpinned::runs : Unpinned::processorNotTold;
}

} // namespace

unsigned partitionLevel(const PolicyHost& host) {
    if (host.level != 0)
        return host.level;
    const unsigned own = model::generationOfCpuModel(host.model);
    const model::ModeSet supported = supportedModes(host);
    if (own == 0 || supported.contains(own))
        return own;
    return host.compat.known && host.compat.known->refused.contains(own) ? supported.newest() : 0;
}

Unpinned unpinnedGuest(const PolicyHost& host) {
    const unsigned own = model::generationOfCpuModel(host.model);
    const unsigned level = partitionLevel(host);
    if (own == 0)
        return onUnnamedProcessor(host);
    if (level == 0)
        return Unpinned::levelNotTold;
    if (level >= own)
        return Unpinned::runs;
    if (!host.compat.known)
        return Unpinned::notMeasured;
    if (own == 11 && level == 10)
        return power11AsPower10(host);
    if (own == 11 && level == 9)
        return power11AsPower9(host);
    if (own == 10 && level == 9)
        return power10AsPower9(host);
    return Unpinned::notMeasured;
}

bool runsUnpinned(const PolicyHost& host) {
    if (!host.compat.known || supportedModes(host).empty())
        return false;
    const Unpinned guest = unpinnedGuest(host);
    return guest == Unpinned::runs || guest == Unpinned::runsBeyond;
}

} // namespace hostcompat::policy
