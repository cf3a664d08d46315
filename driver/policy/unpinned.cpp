// SPDX-License-Identifier: LGPL-2.1-or-later
// What guests without a pinned mode do on each kind of host, and the measurements behind it.
#include "driver/policy/unpinned.hpp"

#include <string_view>

namespace hostcompat::policy {

namespace {

/// What KVM answered when the trial set a vCPU to the processor's own level; empty if that was not
/// tried.
std::string_view answerToOwnLevel(const PolicyHost& host, unsigned own) {
    if (!host.compat.trial)
        return {};
    const auto answer = host.compat.trial->modes.find(own);
    return answer == host.compat.trial->modes.end() ? std::string_view() : answer->second;
}

// The functions below describe what guests without a pinned mode did in partitions that run in an
// older mode (docs/truth.md; with QEMU 7.2, 10.0 and 11.1 in the partition, which all give the
// guest the processor itself). Since Linux 7.3 and 6.13.y (commit 884ea0283f4e), KVM compares the
// guest's level with the partition's, and stops the guest if the check fails ("kvm run failed
// Invalid argument").

/// POWER10 and Power11 have the same PCR value. On PowerVM, which offers API v2, the guest also
/// fails on kernels without the check ("KVM-NESTEDv2: couldn't set guest wide elements"). Under a
/// Linux hypervisor, which offers API v1, it runs as Power11 (architected).
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

/// With API v1 and v2 Linux 7.3 stops the guest, and Linux 6.12 runs it as Power11 (raw). The trial
/// cannot distinguish them: without the check KVM refuses power11, too, as power9 has another PCR
/// value.
Unpinned power11AsPower9(const PolicyHost& host) {
    return host.compat.known->source == "kvm" ? Unpinned::stopped : Unpinned::stoppedOrBeyond;
}

/// A processor without a known name is newer than the processors that the host's libvirt, or this
/// version, knows. If libvirt does not know it and the host supports this version's newest mode,
/// the partition runs in that mode, which is its own.
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
    // On a POWER10 the guest asks for no level that the kernel checks. It boots as POWER10 (raw)
    // with API v1 on Linux 6.1, 6.12, 7.2 and 7.3, and with v2 on 6.12 and 7.3.
    if (own == 10 && level == 9)
        return Unpinned::runsBeyond;
    return Unpinned::notMeasured;
}

Watchpoint secondWatchpoint(const PolicyHost& host, const xml::Domain& domain,
                            const qemu::QemuModes* qemu) {
    constexpr unsigned firstWithTwo = 10; // Power ISA 3.1
    if (partitionLevel(host) >= firstWithTwo)
        return Watchpoint::fits;
    if (qemu == nullptr || qemu->machine.empty())
        return Watchpoint::notTold;
    if (!qemu->requiresSecondWatchpoint)
        return Watchpoint::fits;
    // An older machine of the same QEMU, or an argument such as cap-dawr1=off, may not require it.
    const bool isThatMachine =
        domain.machine.empty() || domain.machine == "pseries" || domain.machine == qemu->machine;
    return isThatMachine && domain.qemuArguments.empty() ? Watchpoint::refused
                                                         : Watchpoint::notTold;
}

bool runsUnpinned(const PolicyHost& host) {
    if (!host.compat.known || supportedModes(host).empty())
        return false;
    const Unpinned guest = unpinnedGuest(host);
    return guest == Unpinned::runs || guest == Unpinned::runsBeyond;
}

} // namespace hostcompat::policy
