// SPDX-License-Identifier: LGPL-2.1-or-later
// The order of the sources.
#include "driver/answer/resolve.hpp"

#include "driver/answer/wording.hpp"

namespace hostcompat::answer {

namespace {

model::HostCompat knownFrom(std::string source, const model::Mode& newest, model::ModeTable table) {
    const model::ModeSet modes = model::allModes(table);
    const model::ModeSet upTo = modes & model::modesUpTo(newest.number);
    return {.known = model::KnownCompat{
                .source = std::move(source), .supported = upTo, .refused = modes - upTo}};
}

/// The answer without modes that need a hashed page table: guests of a pSeries host cannot have
/// one, and of other hosts nobody tells.
model::HostCompat withoutHashed(model::HostCompat compat, const host::HostFacts& facts,
                                model::ModeTable table) {
    const model::ModeSet hashed =
        model::allModes(table) & model::modesUpTo(model::kFirstRadixMode - 1);
    if (!compat.known)
        return compat;
    compat.known->supported = compat.known->supported - hashed;
    if (facts.identity.platform == model::Platform::pseries)
        compat.known->refused = compat.known->refused | hashed;
    return compat;
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
            return knownFrom("device-tree", *own, table);
    if (facts.identity.platform == model::Platform::powernv && facts.identity.pvr)
        if (const model::Mode* own = model::findModeByPvr(*facts.identity.pvr, table))
            return knownFrom("pvr", *own, table);
    return {.reason = reasonFromSilence(facts)};
}

} // namespace

model::HostCompat resolveCompat(const std::optional<kvm::KvmAnswer>& kvm,
                                const host::HostFacts& facts, model::ModeTable table) {
    if (!kvm)
        return {.reason = reasonNotPower(facts)};
    switch (kvm->outcome) {
    case kvm::KvmOutcome::answered:
        return withoutHashed({.known = kvm::compatFromBitmap(kvm->bitmap, kvm->abi, table)}, facts,
                             table);
    case kvm::KvmOutcome::silent:
        return withoutHashed(resolveSilence(facts, table), facts, table);
    default:
        return {.reason = reasonFromKvm(*kvm, facts)};
    }
}

} // namespace hostcompat::answer
