// SPDX-License-Identifier: LGPL-2.1-or-later
// Chooses the mode, and has it written where checkDomain() agrees.
#include "driver/policy/fit.hpp"

#include "driver/policy/pin_edit.hpp"
#include "driver/policy/wording.hpp"

namespace hostcompat {

namespace {

/// What is wrong where no mode is left to choose.
std::string nothingToPin(const PolicyHost& host, const QemuModes* qemu) {
    return qemu && !supportedModes(host).empty() ? wording::noModeForBoth(host, *qemu)
                                                 : wording::noModeToPin(host);
}

} // namespace

FitAnswer fitDomain(const DomainDocument& document, const PolicyHost& host, const Mode* wished,
                    const QemuModes* qemu, ModeTable table) {
    ModeSet usable = supportedModes(host);
    if (qemu)
        usable = usable & qemu->modes(table);
    const Mode* chosen = wished ? wished : newestMode(usable, table);

    // Judged as it would be: what stands in the way beside the mode shows too.
    Domain pinned = document.domain();
    pinned.cpu.mode = CpuMode::hostModel;
    pinned.cpu.modeText = "host-model";
    pinned.cpu.vendorId.clear();
    pinned.cpu.model = chosen ? chosen->name : table.back().name;
    CheckAnswer answer = checkDomain(pinned, host, qemu, table);
    FitAnswer fit{.verdict = answer.verdict,
                  .reason = std::move(answer.reason),
                  .remedy = std::move(answer.remedy)};
    if (!chosen && !answer.mode.empty() && host.compat.known) {
        fit.verdict = Verdict::incompatible;
        fit.reason = nothingToPin(host, qemu);
        fit.remedy.clear();
    }
    if (chosen && fit.verdict == Verdict::compatible) {
        fit.mode = chosen->name;
        fit.document = withPinnedMode(document, chosen->name);
    }
    return fit;
}

} // namespace hostcompat
