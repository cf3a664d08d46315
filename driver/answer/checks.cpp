// SPDX-License-Identifier: LGPL-2.1-or-later
// Checks what is needed to find out the modes, from the processor to the kernel's answer.
#include "driver/answer/checks.hpp"

#include "driver/answer/resolve.hpp"
#include "driver/answer/wording.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>

namespace hostcompat::answer {

namespace {

std::string names(model::ModeSet modes) {
    std::vector<std::string> result;
    for (const unsigned number : modes.numbers())
        result.push_back(model::modeName(number));
    return result.empty() ? "none" : fmt::format("{}", fmt::join(result, ", "));
}

model::Check checkProcessor(const host::HostFacts& facts) {
    const model::HostIdentity& host = facts.identity;
    if (!host.model.empty())
        return {"the processor is known", model::CheckResult::pass, host.model};
    if (host.pvr)
        return {
            "the processor is known", model::CheckResult::warn,
            fmt::format("this version does not know the processor version 0x{:08x}", *host.pvr)};
    return {"the processor is known", model::CheckResult::warn,
            "/proc/cpuinfo does not contain the processor version"};
}

model::Check checkPlatform(const host::HostFacts& facts) {
    if (facts.identity.platform == model::Platform::other)
        return {"the platform is pSeries or PowerNV", model::CheckResult::warn,
                "neither /proc/cpuinfo nor the device tree names it; only KVM's own answer can be "
                "used"};
    return {"the platform is pSeries or PowerNV", model::CheckResult::pass,
            std::string(toString(facts.identity.platform))};
}

model::Check checkLevel(const host::HostFacts& facts) {
    const std::string name = "the device tree contains the partition's own mode";
    if (!facts.level.cpuVersion)
        return {name, model::CheckResult::warn, facts.level.problem};
    if (facts.identity.effectiveMode.empty())
        return {name, model::CheckResult::warn,
                fmt::format("this version does not know the logical PVR 0x{:08x}",
                            *facts.level.cpuVersion)};
    return {name, model::CheckResult::pass, facts.identity.effectiveMode};
}

model::Check checkRawProcessor(const model::HostIdentity& host) {
    const std::string name = "the partition runs in its processor's own mode";
    const std::string why = reasonForOlderMode(host);
    if (why.empty())
        return {name, model::CheckResult::pass, ""};
    return {name, model::CheckResult::note,
            fmt::format("it runs as {} while libvirt reports the model {}: {}", host.effectiveMode,
                        host.model, why)};
}

model::Check checkNestedApi(const host::HostFacts& facts) {
    const std::string name = "the nested API is known";
    if (facts.identity.nestedApi)
        return {name, model::CheckResult::pass, std::string(toString(*facts.identity.nestedApi))};
    return {name, model::CheckResult::note,
            facts.nestedOption == false
                ? "the option nested of kvm_hv is off, so KVM does not report the version"
                : "only a working KVM-HV on pSeries reports it"};
}

/// Whether KVM accepts the modes in its bitmap, and no others.
model::Check checkTrial(const kvm::KvmAnswer& kvm, const host::HostFacts& facts,
                        const model::KnownCompat& known) {
    const std::string name = "KVM accepts the modes that it reports";
    if (!kvm.trial->failure.empty())
        return {name, model::CheckResult::warn, "the trial ended early: " + kvm.trial->failure};
    const auto tried = resolveTrial(kvm, facts);
    if (!tried || !tried->known)
        return {name, model::CheckResult::warn, tried ? tried->reason : ""};
    const model::ModeSet more = tried->known->supported & known.refused;
    const model::ModeSet fewer = known.supported & tried->known->refused;
    if (more.empty() && fewer.empty())
        return {name, model::CheckResult::pass, ""};
    return {
        name, model::CheckResult::warn,
        fmt::format("accepted although not in the bitmap: {}; refused although in the bitmap: {}",
                    names(more), names(fewer))};
}

void checkDevice(const kvm::KvmAnswer& kvm, const host::HostFacts& facts,
                 std::vector<model::Check>& checks) {
    // The checks depend on each other in this order.
    const std::array<std::string, 5> names = {kvm.device + " exists", kvm.device + " may be opened",
                                              "a KVM module is loaded", "KVM-HV works",
                                              "KVM answers"};
    const auto failed = [&]() -> std::size_t {
        switch (kvm.outcome) {
        case kvm::KvmOutcome::noDevice:
            return 0;
        case kvm::KvmOutcome::noPermission:
            return 1;
        case kvm::KvmOutcome::noModule:
            return 2;
        case kvm::KvmOutcome::noHv:
            return 3;
        case kvm::KvmOutcome::refused:
            return 4;
        default:
            return 5;
        }
    }();
    for (std::size_t index = 0; index < names.size(); ++index) {
        if (index == failed)
            checks.push_back({names[index], model::CheckResult::fail, reasonFromKvm(kvm, facts)});
        else
            checks.push_back({names[index],
                              index < failed ? model::CheckResult::pass : model::CheckResult::skip,
                              ""});
    }
    const std::string toldName = "the kernel reports the modes";
    if (failed < names.size()) {
        checks.push_back({toldName, model::CheckResult::skip, ""});
        return;
    }
    if (kvm.outcome == kvm::KvmOutcome::tried) {
        const bool powernv = facts.identity.platform == model::Platform::powernv;
        checks.push_back({toldName, model::CheckResult::note,
                          powernv ? "kernels of PowerNV do not; each mode was tried instead"
                                  : "Linux 7.3 or newer does; each mode was tried instead"});
        return;
    }
    checks.push_back(
        {toldName, model::CheckResult::pass, kvm.abi == "merged" ? "" : "interface " + kvm.abi});
}

model::Check checkAnswer(const model::HostCompat& compat) {
    const std::string name = "the modes of guests are known";
    if (!compat.known)
        return {name, model::CheckResult::fail, compat.reason};
    const model::KnownCompat& known = *compat.known;
    const std::string answer = fmt::format("{}, from {}", names(known.supported), known.source);
    if (known.unknownBits != 0)
        return {name, model::CheckResult::warn,
                fmt::format("{}; this version does not know the kernel's bits 0x{:016x}", answer,
                            known.unknownBits)};
    if (known.supported.empty())
        return {name, model::CheckResult::warn, "KVM supports none"};
    return {name, model::CheckResult::pass, answer};
}

} // namespace

std::vector<model::Check> checkHost(const std::optional<kvm::KvmAnswer>& kvm,
                                    const host::HostFacts& facts, const model::HostCompat& compat) {
    std::vector<model::Check> checks;
    if (!kvm) {
        checks.push_back(
            {"the host is IBM POWER", model::CheckResult::fail, reasonNotPower(facts)});
        checks.push_back({"the modes of guests are known", model::CheckResult::skip, ""});
        return checks;
    }
    checks.push_back({"the host is IBM POWER", model::CheckResult::pass, facts.identity.arch});
    checks.push_back(checkProcessor(facts));
    checks.push_back(checkPlatform(facts));
    if (facts.identity.platform != model::Platform::powernv) {
        checks.push_back(checkLevel(facts));
        checks.push_back(checkRawProcessor(facts.identity));
    }
    checkDevice(*kvm, facts, checks);
    if (facts.identity.platform == model::Platform::pseries)
        checks.push_back(checkNestedApi(facts));
    if (kvm->outcome == kvm::KvmOutcome::answered && kvm->trial && compat.known)
        checks.push_back(checkTrial(*kvm, facts, *compat.known));
    checks.push_back(checkAnswer(compat));
    return checks;
}

} // namespace hostcompat::answer
