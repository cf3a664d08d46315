// SPDX-License-Identifier: LGPL-2.1-or-later
// The messages for every reason of an unknown answer.
#include "driver/answer/wording.hpp"

#include "driver/model/error.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>

namespace hostcompat::answer {

namespace {

std::string systemText(int errorNumber) {
    return fmt::format("{} ({})", strerrordesc_np(errorNumber), model::errorName(errorNumber));
}

std::string withoutHv(const kvm::KvmAnswer& kvm, const host::HostFacts& facts) {
    if (facts.hvModule)
        return fmt::format("the module kvm_hv is loaded, but {} says that KVM-HV does not work; "
                           "look for kvm-hv in the kernel's log",
                           kvm.device);
    if (facts.identity.platform == model::Platform::pseries)
        return fmt::format(
            "{} works without KVM-HV; load it with 'modprobe kvm-hv'; where that says "
            "'No such device', the hypervisor does not allow this partition to run "
            "guests of its own",
            kvm.device);
    return fmt::format("{} works without KVM-HV; load it with 'modprobe kvm-hv'", kvm.device);
}

} // namespace

std::string reasonNotPower(const host::HostFacts& facts) {
    return fmt::format(
        "this host is {}, not IBM POWER (ppc64, ppc64le): it has no compatibility modes",
        facts.identity.arch);
}

std::string reasonFromKvm(const kvm::KvmAnswer& kvm, const host::HostFacts& facts) {
    switch (kvm.outcome) {
    case kvm::KvmOutcome::noDevice:
        return fmt::format("{} does not exist: {}; load KVM with 'modprobe kvm-hv'", kvm.device,
                           systemText(kvm.errorNumber));
    case kvm::KvmOutcome::noPermission:
        return fmt::format("{} may not be opened: {}; run as root or join the group kvm",
                           kvm.device, systemText(kvm.errorNumber));
    case kvm::KvmOutcome::noModule:
        return fmt::format("{} cannot be opened because no KVM module is loaded: {}; load KVM with "
                           "'modprobe kvm-hv'",
                           kvm.device, systemText(kvm.errorNumber));
    case kvm::KvmOutcome::noHv:
        return withoutHv(kvm, facts);
    default:
        break;
    }
    switch (kvm.errorNumber) {
    // Linux arch/powerpc/kvm/book3s_hv.c converts H_AUTHORITY and H_NOT_AVAILABLE to these.
    case EPERM:
        return fmt::format("the hypervisor does not let this partition do {} on {}: {}; allow KVM "
                           "in the partition's profile",
                           kvm.call, kvm.device, systemText(kvm.errorNumber));
    case EBUSY:
        return fmt::format("{} on {} cannot be done now: {}; try again later", kvm.call, kvm.device,
                           systemText(kvm.errorNumber));
    default:
        return fmt::format(
            "the kernel refused {} on {}: {}; report this with the kernel's release ({})", kvm.call,
            kvm.device, kvm.detail.empty() ? systemText(kvm.errorNumber) : kvm.detail,
            facts.identity.kernel);
    }
}

std::string reasonForOlderMode(const model::HostIdentity& host) {
    const model::Mode* effective = model::findModeByName(host.effectiveMode);
    const model::Mode* own = model::findModeByCpuModel(host.model);
    if (!effective || !own || effective->number >= own->number)
        return {};
    // A kernel that does not know a processor does not ask the firmware for its mode, and uses an
    // old name for it (measured: Power11 on Linux 6.1 is "power5").
    if (!host.basePlatform.empty() && host.basePlatform != own->name)
        return fmt::format(
            "this kernel does not know the processor {}; a newer one would run in {} "
            "mode where the partition's profile allows it",
            host.model, own->name);
    return "the partition's profile, or the hypervisor, allows no newer mode";
}

std::string reasonFromTrial(const kvm::KvmAnswer& kvm, const host::HostFacts& facts) {
    if (kvm.trial->control == model::Trial::kTaken)
        return fmt::format(
            "KVM accepts every logical PVR on a vCPU, even 0x{:08x}, which no processor has, so "
            "its answers cannot be used; report this with the kernel's release ({})",
            model::Trial::kControlLevel, facts.identity.kernel);
    return fmt::format("KVM refuses every logical PVR on a vCPU, even 0 (the processor's own), so "
                       "its answers cannot be used; report this with the kernel's release ({})",
                       facts.identity.kernel);
}

std::string reasonWithoutLevel(std::string_view problem) {
    return fmt::format(
        "the mode that the host itself runs in is not known, and KVM may accept newer ones: {}",
        problem);
}

} // namespace hostcompat::answer
