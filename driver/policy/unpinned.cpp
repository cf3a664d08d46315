// SPDX-License-Identifier: LGPL-2.1-or-later
// The measurements, and the rule that follows from them.
#include "driver/policy/unpinned.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace hostcompat::policy {

namespace {

/// What guests without a pinned mode did in partitions in an older mode (docs/truth.md; QEMU 7.2,
/// 10.0 and 11.1 within, which all give them the processor itself).
struct Measurement {
    unsigned processor;
    unsigned level;
    /// The nested API; nothing for every one.
    std::optional<model::NestedApi> api;
    Unpinned guest;
};

// On a Power11 KVM stops the guest ("kvm run failed Invalid argument"): POWER10 and Power11 share
// one value of the PCR, and KVM checks the guest's level against the partition's since Linux 7.3
// and 6.13.y (commit 884ea0283f4e). On PowerVM the guest dies on older kernels too
// ("KVM-NESTEDv2: couldn't set guest wide elements"). A POWER10 asks for no level that the kernel
// checks, and its guest boots as POWER10 (raw) on Linux 6.12, 7.2 and 7.3. With API v2 no guest of
// a POWER10 in power9 mode came up under QEMU, with or without a pinned mode.
constexpr auto kMeasured = std::to_array<Measurement>({
    {10, 9, model::NestedApi::v2, Unpinned::notMeasured},
    {10, 9, std::nullopt, Unpinned::runsBeyond},
    {11, 10, std::nullopt, Unpinned::stopped},
    {11, 9, std::nullopt, Unpinned::stopped},
});

/// Whether the kernel was seen to take the processor's own level in a partition that runs in an
/// older mode, so that it has no check of it (Linux 6.12). With API v1 the hypervisor is a Linux,
/// which runs such a guest (measured: as Power11 (architected)); PowerVM, of API v2, does not.
bool takesOwnLevel(const PolicyHost& host, unsigned own) {
    if (host.nestedApi != model::NestedApi::v1 || !host.compat.trial)
        return false;
    const auto answer = host.compat.trial->modes.find(own);
    return answer != host.compat.trial->modes.end() && answer->second == model::Trial::kTaken;
}

} // namespace

unsigned partitionLevel(const PolicyHost& host, model::ModeTable table) {
    if (host.level != 0)
        return host.level;
    const model::Mode* own = model::findModeByCpuModel(host.model, table);
    const model::ModeSet supported = supportedModes(host);
    if (own != nullptr && host.compat.known && !host.compat.known->refused.contains(*own))
        return own->number;
    return supported.newest();
}

Unpinned unpinnedGuest(const PolicyHost& host, model::ModeTable table) {
    const model::Mode* own = model::findModeByCpuModel(host.model, table);
    const unsigned level = partitionLevel(host, table);
    if (own == nullptr || level == 0 || level >= own->number)
        return Unpinned::runs;
    const auto row = std::ranges::find_if(kMeasured, [&](const Measurement& each) {
        return each.processor == own->number && each.level == level &&
               (!each.api || each.api == host.nestedApi);
    });
    if (row == kMeasured.end())
        return Unpinned::notMeasured;
    if (row->guest == Unpinned::stopped && takesOwnLevel(host, own->number))
        return Unpinned::runsBeyond;
    return row->guest;
}

} // namespace hostcompat::policy
