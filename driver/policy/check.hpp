// SPDX-License-Identifier: LGPL-2.1-or-later
// Decides whether a domain's CPU can run on a host.
#pragma once

#include "driver/model/host_compat.hpp"
#include "driver/policy/command_line.hpp"
#include "driver/policy/host.hpp"
#include "driver/qemu/qemu_modes.hpp"
#include "driver/xml/domain.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace hostcompat::policy {

/// Whether a domain's CPU can run on a host.
enum class Verdict {
    compatible,
    incompatible,
    unknown,       ///< the host does not say
    notApplicable, ///< KVM's compatibility modes do not apply to the domain
};

/// "compatible", "incompatible", "unknown" or "not-applicable".
std::string_view toString(Verdict verdict);

/// Whether the domain is compatible, or KVM's modes do not apply to it.
inline bool isYes(Verdict verdict) {
    return verdict == Verdict::compatible || verdict == Verdict::notApplicable;
}

/// The verdict about one domain, with the reason and what to change.
struct CheckAnswer {
    Verdict verdict = Verdict::unknown;
    /// One clause that says why; never empty.
    std::string reason;
    /// What to do; empty where there is nothing to do.
    std::string remedy;
    /// The compatibility mode that the domain asks for, as written; empty where it asks for none.
    std::string mode;
    /// Whether the verdict is of a guest that starts here. One that arrives from another host, or
    /// is restored, runs in a mode already, which its document does not tell.
    bool onlyAtStart = false;
    /// Warnings about a domain that can run.
    std::vector<std::string> warnings;
};

/// Decides as libvirt, QEMU and KVM would (sources at each rule).
///
/// @param qemu what the QEMU in question takes, as a second limit; null where it was not asked.
CheckAnswer checkDomain(const xml::Domain& domain, const PolicyHost& host,
                        const qemu::QemuModes* qemu = nullptr,
                        model::ModeTable table = model::modeTable());

/// Decides about a guest whose command line is known: libvirt has decided, and what QEMU and KVM
/// make of the line is left. Warns where it contradicts the document.
///
/// @param domain its document. @param line all of the command line.
CheckAnswer checkCommandLine(const xml::Domain& domain, const CommandLine& line, CommandLineOf who,
                             const PolicyHost& host, const qemu::QemuModes* qemu = nullptr,
                             model::ModeTable table = model::modeTable());

/// Decides about a domain that its daemon refuses to start: incompatible, for the daemon's reason.
/// Where checkDomain() knows what would help, so does this.
///
/// @param daemon what to call it. @param words the daemon's own, as they came.
CheckAnswer checkRefused(const xml::Domain& domain, std::string_view daemon, std::string_view words,
                         const PolicyHost& host, const qemu::QemuModes* qemu = nullptr,
                         model::ModeTable table = model::modeTable());

/// Makes "incompatible" of a compatible answer about a domain that pins no mode: it can run, but
/// cannot move to older hosts.
void requirePinned(CheckAnswer& answer);

} // namespace hostcompat::policy
