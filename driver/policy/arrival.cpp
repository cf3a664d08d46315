// SPDX-License-Identifier: LGPL-2.1-or-later
// Whether a guest can migrate to a host. The rule for guests without a pinned mode rests on
// measurements.
#include "driver/policy/arrival.hpp"

#include "driver/policy/unpinned.hpp"
#include "driver/policy/wording.hpp"
#include "driver/text/utf8.hpp"

#include <fmt/format.h>

#include <utility>

namespace hostcompat::policy {

namespace {

struct Arrival {
    Verdict verdict;
    std::string reason;
};

Arrival otherProcessor(const PolicyHost& source, const PolicyHost& target) {
    return {
        Verdict::unknown,
        fmt::format(
            "no mode is pinned, and migration of such a guest was not tested from {} ({}) to {} "
            "({})",
            source.name, text::clipped(source.model), target.name,
            target.model.empty() ? "processor unknown" : text::clipped(target.model))};
}

// Measured with Linux 7.3 and QEMU 7.2 between a POWER10 and a POWER10 in power9 mode. A guest
// without a pinned mode that was started on the first host negotiates power10; QEMU on the second
// host exits ("Unable to set CPU compatibility mode in KVM"). A guest that was started on the
// second host runs as the processor itself, and can migrate to the first host and back.
Arrival unpinned(const CheckAnswer& start, const xml::Domain& domain, const PolicyHost& source,
                 const PolicyHost& target) {
    const auto started = checkDomain(domain, source);
    const unsigned processor = model::generationOfCpuModel(source.model);
    const unsigned level = partitionLevel(source);
    if (started.verdict != Verdict::compatible || processor == 0 || level == 0)
        return {Verdict::unknown,
                fmt::format("no mode is pinned, and it is not known in which mode the guest runs "
                            "on {} ({})",
                            source.name, started.reason)};
    const bool sameProcessor = source.model == target.model;
    if (level < processor) {
        if (!sameProcessor || start.verdict != Verdict::compatible)
            return otherProcessor(source, target);
        return {Verdict::compatible,
                fmt::format("no mode is pinned, so the guest runs on {} as {} itself, and {} has "
                            "the same processor",
                            source.name, text::clipped(source.model), target.name)};
    }
    const std::string mode = model::modeName(processor);
    const unsigned targetLevel = partitionLevel(target);
    if (target.compat.known->refused.contains(processor) ||
        (targetLevel != 0 && processor > targetLevel))
        return {Verdict::incompatible,
                fmt::format("no mode is pinned: a guest that was started on {} runs in {}, unless "
                            "its own kernel is older, and keeps it; {} supports {}",
                            source.name, mode, target.name,
                            wording::modeNames(supportedModes(target)))};
    if (!sameProcessor || !supportedModes(target).contains(processor))
        return otherProcessor(source, target);
    return {Verdict::compatible,
            fmt::format("no mode is pinned, so the guest runs in {} on {} at most, which {} "
                        "supports",
                        mode, source.name, target.name)};
}

} // namespace

CheckAnswer arrivalOf(CheckAnswer start, const xml::Domain& domain, const PolicyHost* source,
                      const PolicyHost& target) {
    const bool pinned = !start.mode.empty();
    if (pinned || start.verdict == Verdict::notApplicable || !target.compat.known ||
        (start.verdict == Verdict::incompatible && !start.onlyAtStart))
        return start;
    auto [verdict, reason] =
        source ? unpinned(start, domain, *source, target)
               : Arrival{Verdict::unknown, "no mode is pinned: the guest keeps the mode that it "
                                           "negotiated, which no document contains"};
    // The warnings apply only to a guest that is being started.
    return {.verdict = verdict,
            .reason = std::move(reason),
            .remedy = verdict == Verdict::compatible
                          ? ""
                          : "pin a mode that both hosts support, and restart the guest",
            .onlyAtStart = start.onlyAtStart};
}

} // namespace hostcompat::policy
