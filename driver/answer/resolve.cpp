// SPDX-License-Identifier: LGPL-2.1-or-later
// Decides which source to believe, and applies the rules that limit each answer.
#include "driver/answer/resolve.hpp"

#include "driver/answer/wording.hpp"
#include "driver/host/level.hpp"
#include "driver/kvm/trial.hpp"

namespace hostcompat::answer {

namespace {

void refuse(model::KnownCompat& known, model::ModeSet modes) {
    known.supported = known.supported - modes;
    known.refused = known.refused | modes;
}

/// Whether guests can have a hashed page table; nothing if that is not known.
std::optional<bool> hasHashedPageTable(const kvm::KvmAnswer& kvm, const host::HostFacts& facts,
                                       unsigned level) {
    switch (facts.identity.platform) {
    case model::Platform::pseries:
        return false;
    case model::Platform::powernv:
        if (level < model::kFirstRadixMode)
            return true;
        return kvm.trial ? std::optional(kvm.trial->hashedPageTable) : std::nullopt;
    default:
        return std::nullopt;
    }
}

/// Applies the rules that limit the answer of every source.
model::HostCompat limited(model::KnownCompat known, const kvm::KvmAnswer& kvm,
                          const host::HostFacts& facts, model::ModeTable table) {
    model::HostCompat compat{.known = std::nullopt, .trial = kvm.trial};
    const auto level = host::ownLevel(facts, table);
    if (!level) {
        compat.reason = reasonWithoutLevel(level.error());
        return compat;
    }
    const model::ModeSet modes = model::allModes(table);
    refuse(known, modes - model::modesUpTo(*level));
    const model::ModeSet hashed = modes & model::modesUpTo(model::kFirstRadixMode - 1);
    const auto possible = hasHashedPageTable(kvm, facts, *level);
    if (!possible)
        known.supported = known.supported - hashed;
    else if (!*possible)
        refuse(known, hashed);
    compat.known = std::move(known);
    return compat;
}

model::HostCompat fromTrial(const kvm::KvmAnswer& kvm, const host::HostFacts& facts,
                            model::ModeTable table) {
    if (auto known = kvm::compatFromTrial(*kvm.trial))
        return limited(std::move(*known), kvm, facts, table);
    return {.known = std::nullopt, .reason = reasonFromTrial(kvm, facts), .trial = kvm.trial};
}

} // namespace

model::HostCompat resolveCompat(const std::optional<kvm::KvmAnswer>& kvm,
                                const host::HostFacts& facts, model::ModeTable table) {
    if (!kvm)
        return {.known = std::nullopt, .reason = reasonNotPower(facts)};
    switch (kvm->outcome) {
    case kvm::KvmOutcome::answered:
        return limited(kvm::compatFromBitmap(kvm->bitmap, kvm->abi, table), *kvm, facts, table);
    case kvm::KvmOutcome::tried:
        return fromTrial(*kvm, facts, table);
    default:
        return {.known = std::nullopt, .reason = reasonFromKvm(*kvm, facts), .trial = kvm->trial};
    }
}

std::optional<model::HostCompat>
resolveTrial(const kvm::KvmAnswer& kvm, const host::HostFacts& facts, model::ModeTable table) {
    if (kvm.outcome != kvm::KvmOutcome::answered || !kvm.trial || !kvm.trial->failure.empty())
        return std::nullopt;
    return fromTrial(kvm, facts, table);
}

} // namespace hostcompat::answer
