// SPDX-License-Identifier: LGPL-2.1-or-later
// Pins a domain to a compatibility mode that its host supports.
#pragma once

#include "driver/policy/check.hpp"

#include <string>

namespace hostcompat::policy {

/// A domain that was made fit, or the reason why it cannot be.
struct FitAnswer {
    /// compatible: document is filled in. Otherwise it is empty, and the reason says why.
    Verdict verdict = Verdict::unknown;
    std::string document;
    /// The mode that is pinned.
    std::string mode;
    std::string reason;
    std::string remedy;
};

/// What mode is wanted, by number; 0 for no wish.
struct WantedMode {
    unsigned mode = 0;
    /// Older ones are of no use to the guest.
    unsigned atLeast = 0;
};

/// The domain as it is with the mode pinned, of which withPinnedMode() makes the document: what
/// belongs to other CPU modes, and what libvirt refuses on POWER, is gone.
xml::Domain pinnedTo(xml::Domain domain, unsigned mode);

/// Pins the newest mode that the host (and QEMU, where it was asked) supports, or the wished one:
/// <cpu mode='host-model'> with the mode as its <model>. Outside of <cpu> no byte changes; the
/// other children of <cpu> stay but for <cache> and <maxphysaddr>, which libvirt refuses on POWER.
/// Doing it twice gives the same as doing it once, and checkDomain() calls the result compatible.
FitAnswer fitDomain(const xml::DomainDocument& document, const PolicyHost& host,
                    const WantedMode& wanted = {}, const qemu::QemuModes* qemu = nullptr,
                    model::ModeTable table = model::modeTable());

} // namespace hostcompat::policy
