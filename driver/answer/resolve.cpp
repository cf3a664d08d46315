// SPDX-License-Identifier: LGPL-2.1-or-later
// The order of the sources.
#include "driver/answer/resolve.hpp"

#include "driver/answer/wording.hpp"

namespace hostcompat::answer {

namespace {

model::HostCompat knownFrom(model::CompatSource source, const model::Mode& newest,
                            model::ModeTable table) {
    return {.known =
                model::KnownCompat{.source = source, .supported = model::modesUpTo(newest, table)}};
}

/// The mode of an architected level or, in raw mode, of the processor itself.
const model::Mode* modeOfLevel(const host::EffectiveLevel& level, model::ModeTable table) {
    if (!level.cpuVersion)
        return nullptr;
    const model::Mode* mode = model::findModeByLogicalPvr(*level.cpuVersion, table);
    return mode ? mode : model::findModeByPvr(*level.cpuVersion, table);
}

model::HostCompat resolveSilence(const host::HostFacts& facts, model::ModeTable table) {
    if (facts.identity.platform == model::Platform::pseries)
        if (const model::Mode* own = modeOfLevel(facts.level, table))
            return knownFrom(model::CompatSource::deviceTree, *own, table);
    if (facts.identity.platform == model::Platform::powernv && facts.identity.pvr)
        if (const model::Mode* own = model::findModeByPvr(*facts.identity.pvr, table))
            return knownFrom(model::CompatSource::pvr, *own, table);
    return {.reason = reasonFromSilence(facts)};
}

} // namespace

model::HostCompat resolveCompat(const std::optional<kvm::KvmAnswer>& kvm,
                                const host::HostFacts& facts, model::ModeTable table) {
    if (!kvm)
        return {.reason = reasonNotPower(facts)};
    switch (kvm->outcome) {
    case kvm::KvmOutcome::answered:
        return {.known = model::compatFromBitmap(kvm->bitmap, kvm->abi, table)};
    case kvm::KvmOutcome::silent:
        return resolveSilence(facts, table);
    default:
        return {.reason = reasonFromKvm(*kvm, facts)};
    }
}

} // namespace hostcompat::answer
