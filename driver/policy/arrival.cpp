// SPDX-License-Identifier: LGPL-2.1-or-later
// The rule for guests without a pinned mode, and what it was measured with.
#include "driver/policy/arrival.hpp"

#include "driver/policy/unpinned.hpp"
#include "driver/policy/wording.hpp"

#include <utility>

namespace hostcompat::policy {

namespace {

// Measured with Linux 7.3 and QEMU 7.2 between a POWER10 and a POWER10 in power9 mode: a guest that
// was started on the first one without a pinned mode negotiates power10, and the second one's QEMU
// ends ("Unable to set CPU compatibility mode in KVM"); one that was started on the second one runs
// as the processor itself, and moves to the first one and back.
void decideUnpinned(CheckAnswer& answer, const xml::Domain& domain, const PolicyHost& source,
                    const PolicyHost& target, model::ModeTable table) {
    const auto say = [&](Verdict verdict, std::string reason, std::string remedy = {}) {
        answer.verdict = verdict;
        answer.reason = std::move(reason);
        answer.remedy = std::move(remedy);
    };
    const auto started = checkDomain(domain, source, nullptr, table);
    const unsigned processor = model::generationOfCpuModel(source.model);
    const unsigned level = partitionLevel(source);
    if (started.verdict != Verdict::compatible || processor == 0 || level == 0)
        return say(Verdict::unknown, wording::startUnknown(source, started.reason),
                   wording::pinAndRestart());
    const bool sameProcessor = source.model == target.model;
    if (level < processor)
        return sameProcessor && answer.verdict == Verdict::compatible
                   ? say(Verdict::compatible, wording::keepsProcessor(source, target))
                   : say(Verdict::unknown, wording::otherProcessor(source, target),
                         wording::pinAndRestart());
    const std::string mode = model::modeName(processor);
    if (target.compat.known->refused.contains(processor) || processor > partitionLevel(target))
        return say(Verdict::incompatible, wording::keepsMode(mode, source, target),
                   wording::pinAndRestart());
    if (!sameProcessor || !supportedModes(target).contains(processor))
        return say(Verdict::unknown, wording::otherProcessor(source, target),
                   wording::pinAndRestart());
    say(Verdict::compatible, wording::keepsSupportedMode(mode, source, target));
}

} // namespace

CheckAnswer checkArrival(const xml::Domain& domain, const PolicyHost* source,
                         const PolicyHost& target, const qemu::QemuModes* qemu,
                         model::ModeTable table) {
    CheckAnswer answer = checkDomain(domain, target, qemu, table);
    const bool pinned = !answer.mode.empty();
    if (pinned || answer.verdict == Verdict::notApplicable || !target.compat.known ||
        (answer.verdict == Verdict::incompatible && !answer.onlyAtStart))
        return answer;
    // What they say is of a guest that starts.
    answer.warnings.clear();
    if (source) {
        decideUnpinned(answer, domain, *source, target, table);
        return answer;
    }
    answer.verdict = Verdict::unknown;
    answer.reason = wording::modeNotToldByDocument();
    answer.remedy = wording::pinAndRestart();
    return answer;
}

} // namespace hostcompat::policy
