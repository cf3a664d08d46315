// SPDX-License-Identifier: LGPL-2.1-or-later
// Words for every reason of an unknown answer.
#include "driver/answer/wording.hpp"

#include "driver/model/error.hpp"

#include <fmt/format.h>

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
        return fmt::format("{} has nothing behind it: {}; load KVM with 'modprobe kvm-hv'",
                           kvm.device, systemText(kvm.errorNumber));
    case kvm::KvmOutcome::noHv:
        return withoutHv(kvm, facts);
    default:
        return fmt::format(
            "the kernel refused {} on {}: {}; report this with the kernel's release ({})", kvm.call,
            kvm.device, kvm.detail.empty() ? systemText(kvm.errorNumber) : kvm.detail,
            facts.identity.kernel);
    }
}

std::string reasonFromSilence(const host::HostFacts& facts) {
    constexpr std::string_view silence = "the kernel does not know KVM_CAP_PPC_COMPAT_CAPS";
    constexpr std::string_view remedy = "Linux 7.3 or newer would answer";
    switch (facts.identity.platform) {
    case model::Platform::pseries:
        if (!facts.level.cpuVersion)
            return fmt::format("{} and {}; {}", silence, facts.level.problem, remedy);
        return fmt::format(
            "{} and the table of this version has no mode for the cpu-version 0x{:08x} "
            "of the device tree; {}",
            silence, *facts.level.cpuVersion, remedy);
    case model::Platform::powernv:
        if (!facts.identity.pvr)
            return fmt::format(
                "KVM does not say, and the processor version of this PowerNV host cannot "
                "be read from /proc/cpuinfo or the device tree");
        return fmt::format(
            "KVM does not say, and the table of this version does not know the processor "
            "version 0x{:08x}",
            *facts.identity.pvr);
    default:
        return fmt::format(
            "{} and the platform is neither pSeries nor PowerNV as far as /proc/cpuinfo and "
            "the device tree tell; {}",
            silence, remedy);
    }
}

} // namespace hostcompat::answer
