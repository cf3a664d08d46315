// SPDX-License-Identifier: LGPL-2.1-or-later
// Goes through the preconditions, from the processor to the kernel's answer.
#include "driver/answer/checks.hpp"

#include "driver/answer/wording.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace hostcompat {

namespace {

std::string names(ModeSet modes) {
    std::vector<std::string_view> result;
    for (const Mode& mode : modeTable())
        if (modes.contains(mode))
            result.push_back(mode.name);
    return result.empty() ? "none" : fmt::format("{}", fmt::join(result, ", "));
}

Check checkProcessor(const HostFacts& facts) {
    const HostIdentity& host = facts.identity;
    if (!host.model.empty())
        return {"the processor is one of the table", CheckResult::pass, host.model};
    if (host.pvr)
        return {"the processor is one of the table", CheckResult::warn,
                fmt::format("processor version 0x{:08x} is not known to this version", *host.pvr)};
    return {"the processor is one of the table", CheckResult::warn,
            "/proc/cpuinfo does not tell the processor version"};
}

Check checkPlatform(const HostFacts& facts) {
    if (facts.identity.platform == Platform::other)
        return {"the platform is pSeries or PowerNV", CheckResult::warn,
                "neither /proc/cpuinfo nor the device tree tells it; only KVM's own answer can be "
                "used"};
    return {"the platform is pSeries or PowerNV", CheckResult::pass,
            std::string(toString(facts.identity.platform))};
}

Check checkLevel(const HostFacts& facts) {
    const std::string name = "the device tree tells the partition's own level";
    if (!facts.level.cpuVersion)
        return {name, CheckResult::warn, facts.level.problem};
    if (facts.identity.effectiveMode.empty())
        return {
            name, CheckResult::warn,
            fmt::format("0x{:08x} is not in the table of this version", *facts.level.cpuVersion)};
    return {name, CheckResult::pass, facts.identity.effectiveMode};
}

Check checkRawProcessor(const HostFacts& facts) {
    const HostIdentity& host = facts.identity;
    const Mode* effective = findModeByName(host.effectiveMode);
    if (host.model.empty() || !effective || effective->cpuModel == host.model)
        return {"the partition runs in its processor's own mode", CheckResult::pass, ""};
    return {"the partition runs in its processor's own mode", CheckResult::note,
            fmt::format("it runs as {} while libvirt reports the model {}", host.effectiveMode,
                        host.model)};
}

void checkDevice(const KvmAnswer& kvm, const HostFacts& facts, std::vector<Check>& checks) {
    const auto fail = [&](std::string name) {
        checks.push_back({std::move(name), CheckResult::fail, reasonFromKvm(kvm, facts)});
    };
    const auto pass = [&](std::string name, std::string hint = {}) {
        checks.push_back({std::move(name), CheckResult::pass, std::move(hint)});
    };
    if (kvm.outcome == KvmOutcome::noDevice)
        return fail(kvm.device + " exists");
    pass(kvm.device + " exists");
    if (kvm.outcome == KvmOutcome::noPermission)
        return fail(kvm.device + " may be opened");
    if (kvm.outcome == KvmOutcome::noModule)
        return fail(kvm.device + " has a module behind it");
    pass(kvm.device + " may be opened");
    if (kvm.outcome == KvmOutcome::noHv)
        return fail("KVM-HV works");
    if (kvm.outcome == KvmOutcome::refused)
        return fail("KVM answers");
    pass("KVM-HV works");
    if (kvm.outcome == KvmOutcome::silent) {
        const bool powernv = facts.identity.platform == Platform::powernv;
        checks.push_back({"the kernel tells the modes", CheckResult::note,
                          powernv ? "PowerNV kernels do not; the processor version is used instead"
                                  : "Linux 7.3 or newer does; the device tree is used instead"});
        return;
    }
    pass("the kernel tells the modes", kvm.abi == "merged" ? "" : "interface " + kvm.abi);
}

Check checkAnswer(const HostCompat& compat) {
    const std::string name = "the modes of guests are known";
    if (!compat.known)
        return {name, CheckResult::fail, compat.reason};
    const KnownCompat& known = *compat.known;
    const std::string answer =
        fmt::format("{}, from {}", names(known.supported), toString(known.source));
    if (known.unknownBits != 0)
        return {name, CheckResult::warn,
                fmt::format("{}; the kernel's bits 0x{:016x} are not known to this version", answer,
                            known.unknownBits)};
    if (known.supported.empty())
        return {name, CheckResult::warn, "the hypervisor grants none"};
    return {name, CheckResult::pass, answer};
}

} // namespace

std::vector<Check> checkHost(const std::optional<KvmAnswer>& kvm, const HostFacts& facts,
                             const HostCompat& compat) {
    std::vector<Check> checks;
    if (!kvm) {
        checks.push_back({"the host is IBM POWER", CheckResult::fail, reasonNotPower(facts)});
        return checks;
    }
    checks.push_back({"the host is IBM POWER", CheckResult::pass, facts.identity.arch});
    checks.push_back(checkProcessor(facts));
    checks.push_back(checkPlatform(facts));
    if (facts.identity.platform != Platform::powernv) {
        checks.push_back(checkLevel(facts));
        checks.push_back(checkRawProcessor(facts));
    }
    checkDevice(*kvm, facts, checks);
    checks.push_back(checkAnswer(compat));
    return checks;
}

} // namespace hostcompat
