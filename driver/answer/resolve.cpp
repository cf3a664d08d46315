// SPDX-License-Identifier: LGPL-2.1-or-later
// The order of the sources.
#include "driver/answer/resolve.hpp"

#include "driver/answer/wording.hpp"

namespace hostcompat {

namespace {

HostCompat knownFrom(CompatSource source, const Mode& newest, ModeTable table) {
    return {.known = KnownCompat{.source = source, .supported = modesUpTo(newest, table)}};
}

/// The mode of an architected level or, in raw mode, of the processor itself.
const Mode* modeOfLevel(const EffectiveLevel& level, ModeTable table) {
    if (!level.cpuVersion)
        return nullptr;
    const Mode* mode = findModeByLogicalPvr(*level.cpuVersion, table);
    return mode ? mode : findModeByPvr(*level.cpuVersion, table);
}

HostCompat resolveSilence(const HostFacts& facts, ModeTable table) {
    if (facts.identity.platform == Platform::pseries)
        if (const Mode* own = modeOfLevel(facts.level, table))
            return knownFrom(CompatSource::deviceTree, *own, table);
    if (facts.identity.platform == Platform::powernv && facts.identity.pvr)
        if (const Mode* own = findModeByPvr(*facts.identity.pvr, table))
            return knownFrom(CompatSource::pvr, *own, table);
    return {.reason = reasonFromSilence(facts)};
}

} // namespace

HostCompat resolveCompat(const std::optional<KvmAnswer>& kvm, const HostFacts& facts,
                         ModeTable table) {
    if (!kvm)
        return {.reason = reasonNotPower(facts)};
    switch (kvm->outcome) {
    case KvmOutcome::answered:
        return {.known = compatFromBitmap(kvm->bitmap, kvm->abi, table)};
    case KvmOutcome::silent:
        return resolveSilence(facts, table);
    default:
        return {.reason = reasonFromKvm(*kvm, facts)};
    }
}

} // namespace hostcompat
