// SPDX-License-Identifier: LGPL-2.1-or-later
// Chooses a mode, and pins it in the document if checkDomain() accepts the result.
#include "driver/policy/fit.hpp"

#include "driver/policy/wording.hpp"
#include "driver/xml/pin_edit.hpp"

namespace hostcompat::policy {

namespace {

/// The reason if there is no mode that can be pinned.
std::string nothingToPin(const PolicyHost& host, const qemu::QemuModes* qemu) {
    return qemu && !supportedModes(host).empty() ? wording::noModeForBoth(host, *qemu)
                                                 : wording::noModeToPin(host);
}

/// The useful modes about which the host gives no answer. Modes that need the hashed page table are
/// left out: only a partition refuses all other modes, and its guests cannot have that table.
model::ModeSet silentModes(const PolicyHost& host, unsigned atLeast, const qemu::QemuModes* qemu,
                           model::ModeTable table) {
    const unsigned processor = model::generationOfCpuModel(host.model);
    model::ModeSet modes = model::allModes(table) - host.compat.known->refused -
                           model::modesUpTo(model::kFirstRadixMode - 1);
    if (processor != 0)
        modes = modes & model::modesUpTo(processor);
    if (atLeast != 0)
        modes = modes - model::modesUpTo(atLeast - 1);
    return (qemu ? modes & qemu->modes() : modes) - supportedModes(host);
}

} // namespace

xml::Domain pinnedTo(xml::Domain domain, unsigned mode) {
    domain.cpu.mode = xml::CpuMode::hostModel;
    domain.cpu.modeText = "host-model";
    domain.cpu.model = model::modeName(mode);
    domain.cpu.vendorId.reset();
    domain.cpu.match.reset();
    domain.cpu.migratable.reset();
    domain.cpu.hasCache = domain.cpu.hasMaximumAddress = false;
    return domain;
}

FitAnswer fitDomain(const xml::DomainDocument& document, const PolicyHost& host,
                    const WantedMode& wanted, const qemu::QemuModes* qemu, model::ModeTable table) {
    model::ModeSet usable = supportedModes(host);
    if (qemu)
        usable = usable & qemu->modes();
    const model::ModeSet before = usable;
    if (wanted.atLeast != 0)
        usable = usable - model::modesUpTo(wanted.atLeast - 1);
    const unsigned chosen = wanted.mode != 0 ? wanted.mode : usable.newest();

    // Check the domain as it would be after pinning, so that problems other than the mode are
    // found, too.
    const unsigned processor = model::generationOfCpuModel(host.model);
    const xml::Domain pinned = pinnedTo(document.domain(), chosen != 0      ? chosen
                                                           : processor != 0 ? processor
                                                                            : table.back().number);
    CheckAnswer answer = checkDomain(pinned, host, qemu, table);
    FitAnswer fit{.verdict = answer.verdict,
                  .reason = std::move(answer.reason),
                  .remedy = std::move(answer.remedy)};
    if (chosen == 0 && !answer.mode.empty() && host.compat.known) {
        const model::ModeSet silent = silentModes(host, wanted.atLeast, qemu, table);
        fit.verdict = silent.empty() ? Verdict::incompatible : Verdict::unknown;
        fit.reason = !silent.empty()  ? wording::modesNotTold(host.name, silent)
                     : before.empty() ? nothingToPin(host, qemu)
                                      : wording::noModeFrom(host, before, wanted.atLeast);
        fit.remedy.clear();
    }
    // <qemu:commandline> overrides the mode that would be pinned.
    if (chosen != 0 && fit.verdict == Verdict::compatible && answer.mode != pinned.cpu.model) {
        fit.verdict = Verdict::incompatible;
        fit.reason = wording::commandLinePins(pinned, answer.mode);
        fit.remedy = wording::takeOutOfCommandLine("max-cpu-compat");
    }
    if (chosen != 0 && fit.verdict == Verdict::compatible) {
        fit.mode = pinned.cpu.model;
        fit.document = xml::withPinnedMode(document, fit.mode);
    }
    return fit;
}

} // namespace hostcompat::policy
