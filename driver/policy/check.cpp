// SPDX-License-Identifier: LGPL-2.1-or-later
// Decides whether a domain's CPU can run: what libvirt makes of the document, then QEMU, then KVM.
//
// libvirt 9.0: src/cpu/cpu_ppc64.c (ppc64Compute, virCPUppc64Update, virCPUppc64ConvertLegacy),
// src/qemu/qemu_process.c (qemuProcessUpdateGuestCPU), src/qemu/qemu_command.c
// (qemuBuildCpuModelArgStr, qemuBuildMachineCommandLine), src/qemu/qemu_domain.c
// (qemuDomainDefSetDefaultCPU, qemuDomainDefCPUPostParse). QEMU 7.2: target/ppc/compat.c,
// target/ppc/kvm.c. Linux: arch/powerpc/kvm/book3s_hv.c (kvm_arch_vcpu_ioctl_set_sregs_hv,
// kvmppc_set_arch_compat).
#include "driver/policy/check.hpp"

#include "driver/policy/documented.hpp"
#include "driver/policy/libvirt_rules.hpp"
#include "driver/policy/unpinned.hpp"
#include "driver/policy/wording.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <optional>

namespace hostcompat::policy {

namespace {

/// The number of a mode. QEMU's power7+ has the number of power7.
std::optional<unsigned> modeNumberOf(std::string_view name) {
    return model::modeNumber(name == "power7+" ? "power7" : name);
}

/// Checks one domain.
class Checker {
public:
    Checker(const xml::Domain& domain, const PolicyHost& host, const qemu::QemuModes* qemu,
            model::ModeTable table)
        : domain_(domain), host_(host), qemu_(qemu), table_(table) {}

    CheckAnswer run() {
        if (const auto refusals = refusedByLibvirt(domain_, host_.arch); !refusals.empty())
            return sayAll(refusals);
        if (auto answer = otherGuest())
            return std::move(*answer);
        return domain_.type == xml::DomainType::qemu ? emulated() : underKvm();
    }

    /// Decides from a complete command line that libvirt wrote.
    CheckAnswer run(const CommandLine& line, CommandLineOf who) {
        if (auto answer = otherGuest())
            return std::move(*answer);
        if (!line.accelerator.empty() && !line.accelerators.empty())
            return say(Verdict::incompatible, wording::secondAccelerator(line.accelerator),
                       wording::takeOutOfCommandLine("accel"));
        const CommandLine own = commandLineOf(domain_.qemuArguments);
        warn(setByCommandLine(domain_, own));
        warn(contradictions(domain_, line, own, who));
        if (const std::string accelerator = acceleratorOf(line); accelerator != "kvm")
            return say(Verdict::notApplicable, wording::emulatedAsStarted(accelerator));
        if (auto answer = machineWithoutKvm(line.machine))
            return std::move(*answer);
        if (const std::string obstacle = refusedByQemu(); !obstacle.empty())
            return say(Verdict::incompatible, obstacle);
        mode_ = line.mode.value_or("");
        modeIsOfCommandLine_ = own.mode.has_value();
        return withCpu(line.cpu, own);
    }

    CheckAnswer refused(std::string_view daemon, std::string_view words) {
        CheckAnswer answer = Checker(domain_, host_, qemu_, table_).run();
        if (answer.verdict != Verdict::incompatible) {
            answer.remedy.clear();
            answer.warnings.clear();
        }
        answer.verdict = Verdict::incompatible;
        answer.reason = wording::refusedByDaemon(daemon, words);
        answer.onlyAtStart = true;
        return answer;
    }

private:
    CheckAnswer say(Verdict verdict, std::string reason, std::string remedy = {}) {
        answer_.verdict = verdict;
        answer_.reason = std::move(reason);
        answer_.remedy = std::move(remedy);
        return std::move(answer_);
    }

    void warn(std::vector<std::string> warnings) {
        std::ranges::move(warnings, std::back_inserter(answer_.warnings));
    }

    /// The answer for a guest that is not a POWER guest, or that is for another hypervisor.
    std::optional<CheckAnswer> otherGuest() {
        if (domain_.type == xml::DomainType::other)
            return say(Verdict::notApplicable, wording::otherHypervisor(domain_));
        std::string_view arch = domain_.arch;
        if (arch.empty()) {
            // virDomainDefParseCaps(): an absent arch becomes that of the daemon's host.
            if (host_.arch.empty())
                return say(Verdict::unknown, wording::archUnknown());
            arch = host_.arch;
            answer_.warnings.push_back(wording::archFromHost(host_));
        }
        if (xml::isPowerArch(arch))
            return std::nullopt;
        if (domain_.type == xml::DomainType::kvm && xml::isPowerArch(host_.arch))
            return say(Verdict::incompatible, wording::hostOfOtherArch(domain_, host_));
        return say(Verdict::notApplicable, wording::otherArch(arch));
    }

    std::optional<CheckAnswer> machineWithoutKvm(std::string_view machine) {
        if (!host_.arch.empty() && !xml::isPowerArch(host_.arch))
            return say(Verdict::incompatible, wording::hostOfOtherArch(domain_, host_));
        if (!xml::isPseriesMachine(machine))
            return say(Verdict::incompatible, wording::machineWithoutKvm(machine),
                       wording::usePseries());
        return std::nullopt;
    }

    /// One answer from all of libvirt's refusals. Each remedy is listed once.
    CheckAnswer sayAll(const std::vector<Refusal>& refusals) {
        std::vector<std::string_view> reasons;
        std::vector<std::string_view> remedies;
        for (const Refusal& refusal : refusals) {
            reasons.push_back(refusal.reason);
            if (std::ranges::find(remedies, refusal.remedy) == remedies.end())
                remedies.push_back(refusal.remedy);
        }
        return say(Verdict::incompatible, fmt::format("{}", fmt::join(reasons, "; ")),
                   fmt::format("{}", fmt::join(remedies, "; ")));
    }

    model::ModeSet usable() const {
        const model::ModeSet supported = supportedModes(host_);
        return qemu_ ? supported & qemu_->modes() : supported;
    }

    std::string updateLibvirt() const {
        return wording::updateLibvirt(runsUnpinned(host_));
    }

    /// Proposes to pin the wanted mode if it is supported, otherwise the newest mode that is.
    std::string pinRemedy(unsigned wished = 0) const {
        if (!host_.libvirtKnowsProcessor)
            return updateLibvirt();
        const model::ModeSet modes = usable();
        if (modes.empty())
            return wording::lookAtTheHost(host_);
        const std::string pin =
            wording::pin(model::modeName(modes.contains(wished) ? wished : modes.newest()));
        // <qemu:commandline> overrides what <cpu> pins.
        return modeIsOfCommandLine_
                   ? fmt::format("{} and {}", wording::takeOutOfCommandLine("max-cpu-compat"), pin)
                   : pin;
    }

    /// A guest under TCG. TCG has no CPU "host", and libvirt has no host model for it. The modes
    /// that KVM supports do not limit what TCG emulates.
    CheckAnswer emulated() {
        const CommandLine own = commandLineOf(domain_.qemuArguments);
        if (!own.accelerator.empty())
            return say(Verdict::incompatible, wording::secondAccelerator(own.accelerator),
                       wording::takeOutOfCommandLine("accel"));
        if (own.cpu == "host")
            return say(Verdict::incompatible, wording::emulatedWithHostOfCommandLine(),
                       wording::takeOutOfCommandLine("-cpu"));
        switch (domain_.cpu.mode) {
        case xml::CpuMode::hostModel:
        case xml::CpuMode::hostPassthrough:
            return say(Verdict::incompatible, wording::emulatedWithHostCpu(domain_),
                       wording::useKvmOrModel());
        case xml::CpuMode::maximum:
            return say(Verdict::incompatible, wording::maximumRefused(), wording::useKvmOrModel());
        case xml::CpuMode::other:
            return say(Verdict::incompatible, wording::invalidCpuMode(domain_),
                       wording::useKvmOrModel());
        case xml::CpuMode::custom:
            if (!libvirtKnowsModel(domain_.cpu.model))
                return say(Verdict::incompatible, wording::modelUnknownToLibvirt(domain_),
                           wording::useKvmOrModel());
            [[fallthrough]];
        default:
            return say(Verdict::notApplicable, wording::emulated());
        }
    }

    CheckAnswer underKvm() {
        const CommandLine line = commandLineOf(domain_.qemuArguments);
        if (auto answer = machineWithoutKvm(domain_.machine))
            return std::move(*answer);
        if (const std::string obstacle = refusedByQemuOrLibvirt(); !obstacle.empty())
            return say(Verdict::incompatible, obstacle);
        if (domain_.cpu.modelAttribute)
            answer_.warnings.push_back(wording::modelAttributeIgnored(*domain_.cpu.modelAttribute));
        if (!line.accelerator.empty())
            return say(Verdict::incompatible, wording::secondAccelerator(line.accelerator),
                       wording::takeOutOfCommandLine("accel"));
        if (!line.machine.empty())
            if (auto answer = machineWithoutKvm(line.machine))
                return std::move(*answer);
        warn(setByCommandLine(domain_, line));
        // libvirt checks <cpu> even if <qemu:commandline> overrides it.
        if (const std::string mode = documentedMode(domain_); line.mode && !mode.empty())
            if (auto answer = refusedMode(mode))
                return std::move(*answer);
        mode_ = line.mode.value_or(documentedMode(domain_));
        modeIsOfCommandLine_ = line.mode.has_value();
        switch (domain_.cpu.mode) {
        case xml::CpuMode::custom:
            if (line.cpu.empty() || line.cpu == "host" || domain_.cpu.check != "none")
                if (auto answer = refusedCustom())
                    return std::move(*answer);
            return withCpu(line.cpu, line);
        case xml::CpuMode::hostPassthrough:
            if (!domain_.cpu.model.empty())
                answer_.warnings.push_back(wording::modelIgnored(domain_));
            [[fallthrough]];
        case xml::CpuMode::none:
            return withCpu(line.cpu, line);
        case xml::CpuMode::hostModel:
            return host_.libvirtKnowsProcessor ? withCpu(line.cpu, line) : withoutHostModel();
        case xml::CpuMode::maximum:
            return say(Verdict::incompatible, wording::maximumRefused(), pinRemedy());
        case xml::CpuMode::other:
            break;
        }
        return say(Verdict::incompatible, wording::invalidCpuMode(domain_),
                   wording::useKnownCpuMode());
    }

    /// Which part of <cpu> other than the model makes QEMU fail: its POWER CPUs have no features
    /// and no vendor that can be set.
    std::string refusedByQemu() const {
        const xml::DomainCpu& cpu = domain_.cpu;
        if (!cpu.feature.empty())
            return wording::featureRefused(cpu.feature);
        if (cpu.vendorId &&
            (cpu.mode == xml::CpuMode::hostModel || cpu.mode == xml::CpuMode::custom))
            return wording::vendorIdRefused();
        return {};
    }

    /// The same for QEMU and libvirt. libvirt compares <vendor> with the host's vendor unless
    /// check='none'.
    std::string refusedByQemuOrLibvirt() const {
        const xml::DomainCpu& cpu = domain_.cpu;
        if (std::string obstacle = refusedByQemu(); !obstacle.empty())
            return obstacle;
        if (cpu.mode != xml::CpuMode::hostModel && cpu.mode != xml::CpuMode::custom)
            return {};
        if (!cpu.vendor.empty() && cpu.vendor != "IBM" && cpu.check != "none")
            return wording::otherVendor(cpu.vendor);
        return {};
    }

    /// "-cpu NAME" where NAME is not "host". Only a QEMU can tell what the properties after the
    /// name do, and whether it accepts one version of the processor for another.
    ///
    /// @param own the options that <qemu:commandline> sets.
    CheckAnswer namedCpu(std::string_view text, const CommandLine& own) {
        const std::string_view model = text.substr(0, text.find(','));
        if (model == text && !host_.model.empty() && equalIgnoringCase(model, host_.model))
            return withHostCpu();
        const unsigned generation = model::generationOfCpuModel(model);
        const bool sameGeneration =
            generation != 0 && generation == model::generationOfCpuModel(host_.model);
        const std::string remedy =
            own.cpu.empty() ? pinRemedy(generation) : wording::takeOutOfCommandLine("-cpu");
        if (model != text || host_.model.empty() || sameGeneration)
            return say(Verdict::unknown, wording::namedCpuUnknown(text), remedy);
        return say(Verdict::incompatible, wording::customIsOtherGeneration(domain_, model, host_),
                   remedy);
    }

    /// The CPU that "-cpu" names. Without it QEMU uses the CPU "host" under KVM (QEMU 7.2
    /// target/ppc/kvm.c: pseries_machine_class_fixup()).
    CheckAnswer withCpu(std::string_view cpu, const CommandLine& own) {
        return cpu.empty() || cpu == "host" ? withHostCpu() : namedCpu(cpu, own);
    }

    /// "-cpu host", or the model of the host's processor, with or without max-cpu-compat.
    CheckAnswer withHostCpu() {
        return mode_.empty() ? unpinned() : pinned(mode_);
    }

    /// The refusal if libvirt rejects the pinned mode, whatever options QEMU is started with.
    std::optional<CheckAnswer> refusedMode(std::string_view name) {
        answer_.mode = name;
        const auto mode = modeNumberOf(name);
        if (!mode)
            return pinnedToNoMode(name);
        const unsigned own = model::generationOfCpuModel(host_.model);
        if (own != 0 && *mode > own)
            return say(Verdict::incompatible, wording::newerThanProcessor(name, host_),
                       pinRemedy());
        answer_.mode.clear();
        return std::nullopt;
    }

    /// A libvirt that has no model for the host's processor refuses host-model, with and without a
    /// pinned mode.
    CheckAnswer withoutHostModel() {
        answer_.mode = documentedMode(domain_);
        return say(Verdict::incompatible, wording::libvirtDoesNotKnowProcessor(host_),
                   updateLibvirt());
    }

    /// "-machine pseries,max-cpu-compat=NAME -cpu host".
    CheckAnswer pinned(std::string_view name) {
        answer_.mode = name;
        const auto mode = modeNumberOf(name);
        if (!mode)
            return pinnedToNoMode(name);
        if (qemu_ && !qemu_->takes(name))
            return say(Verdict::incompatible, wording::qemuRefuses(name, *qemu_), pinRemedy());
        const unsigned own = model::generationOfCpuModel(host_.model);
        const bool beyond =
            own != 0 && *mode > own && model::findModeByNumber(*mode, table_) != nullptr;
        if (!host_.compat.known && !beyond)
            return say(Verdict::unknown, wording::hostUnknown(host_),
                       wording::lookAtTheHost(host_));
        const model::ModeSet supported = supportedModes(host_);
        if (beyond && (supported.contains(*mode) || !host_.compat.known || !isRefused(*mode)))
            return say(Verdict::incompatible, wording::newerThanProcessor(name, host_),
                       pinRemedy());
        if (supported.contains(*mode) && model::modeNumber(name)) {
            constexpr std::uint64_t kSmallPage = 4096;
            if (*mode < model::kFirstRadixMode && host_.pageSize == kSmallPage)
                answer_.warnings.push_back(wording::smallPages(name, host_));
            return say(Verdict::compatible, wording::supported(name, host_));
        }
        if (!isRefused(*mode))
            return notTold(name, *mode);
        if (*mode < model::kFirstRadixMode)
            return say(Verdict::incompatible, wording::hashedRefused(name, host_), pinRemedy());
        return say(Verdict::incompatible,
                   supported.newest() != 0 && supported.newest() < *mode
                       ? wording::newerThanHost(name, host_)
                       : wording::notSupported(name, host_),
                   pinRemedy());
    }

    /// Whether the host does not support the mode. A host that cannot give a guest the hashed page
    /// table supports none of the modes that need it.
    bool isRefused(unsigned mode) const {
        const model::ModeSet refused = host_.compat.known->refused;
        return refused.contains(mode) ||
               (mode < model::kFirstRadixMode && refused.contains(model::kFirstRadixMode - 1));
    }

    CheckAnswer notTold(std::string_view name, unsigned mode) {
        // If this version does not know the mode, only a newer kernel or document could name it.
        const bool known = model::findModeByNumber(mode, table_) != nullptr;
        const bool older = mode < table_.front().number;
        if (!known && !older && host_.compat.known->unknownBits == 0)
            return say(Verdict::incompatible, wording::noSuchMode(name, table_), pinRemedy());
        return say(Verdict::unknown, wording::modeNotTold(name, host_), pinRemedy());
    }

    /// The answer if the text is not the name of a mode.
    CheckAnswer pinnedToNoMode(std::string_view name) {
        for (const model::Mode& mode : table_)
            if (equalIgnoringCase(name, mode.name))
                return say(Verdict::incompatible, wording::wrongCase(name, mode.name),
                           pinRemedy(mode.number));
        constexpr std::string_view blank = " \t\r\n";
        if (const std::size_t begin = name.find_first_not_of(blank);
            name.find_first_of(blank) != std::string_view::npos) {
            const std::size_t end = name.find_last_not_of(blank);
            const auto meant = begin < name.size() ? name.substr(begin, end - begin + 1) : name;
            return say(Verdict::incompatible, wording::whiteSpaceInModel(name),
                       pinRemedy(model::modeNumber(meant).value_or(0)));
        }
        return say(Verdict::incompatible, wording::noSuchMode(name, table_), pinRemedy());
    }

    /// The refusal of "-cpu MODEL": KVM-HV accepts only the host's own processor version.
    std::optional<CheckAnswer> refusedCustom() {
        const xml::DomainCpu& cpu = domain_.cpu;
        const std::string_view model = currentModelName(cpu.model);
        if (model != cpu.model)
            answer_.warnings.push_back(wording::legacyModel(cpu.model, model));
        if (cpu.match == "minimum" || cpu.match == "strict")
            answer_.warnings.push_back(wording::matchIsExact(domain_));
        if (!host_.model.empty() && model == host_.model)
            return std::nullopt;
        // QEMU ignores case in the names of models, libvirt does not. If libvirt does not compare
        // the CPUs (check='none'), virCPUTranslate() refuses the model (measured with libvirt 9.0).
        if (const auto mode = model::modeNumber(model))
            return say(Verdict::incompatible, wording::customIsMode(domain_), pinRemedy(*mode));
        if (host_.model.empty())
            return say(Verdict::unknown, wording::customOnUnknownModel(model, host_),
                       wording::lookAtTheHost(host_));
        return say(Verdict::incompatible, wording::customIsOtherGeneration(domain_, model, host_),
                   pinRemedy(model::generationOfCpuModel(model)));
    }

    /// "-cpu host" without max-cpu-compat.
    CheckAnswer unpinned() {
        if (!host_.compat.known)
            return say(Verdict::unknown, wording::hostUnknown(host_),
                       wording::lookAtTheHost(host_));
        const model::ModeSet supported = supportedModes(host_);
        if (supported.empty())
            return say(Verdict::unknown, wording::unpinnedWithoutModes(host_, table_));
        const unsigned level = partitionLevel(host_);
        const unsigned given = qemu_ ? model::generationOfCpuModel(qemu_->hostModel) : 0;
        if (given != 0 && given < model::generationOfCpuModel(host_.model))
            // The CPU "host" of this QEMU is limited to the partition's own mode.
            return supported.contains(given)
                       ? say(Verdict::compatible, wording::qemuPins(domain_, *qemu_, given))
                       : say(Verdict::incompatible,
                             wording::qemuPinsUnsupported(*qemu_, host_, given), pinRemedy());
        const Unpinned guest = unpinnedGuest(host_);
        const Watchpoint watchpoint = secondWatchpoint(host_, domain_, qemu_);
        const auto reason = [&] { return wording::unpinned(guest, domain_, host_, level, qemu_); };
        switch (guest) {
        case Unpinned::stopped:
        case Unpinned::stoppedOrBeyond:
            answer_.onlyAtStart = true;
            return say(Verdict::incompatible, reason(), pinRemedy(level));
        case Unpinned::dependsOnKernel:
        case Unpinned::notMeasured:
            return say(Verdict::unknown, reason(), pinRemedy(level));
        case Unpinned::processorNotTold:
        case Unpinned::levelNotTold:
            return say(Verdict::unknown, reason(), pinRemedy());
        case Unpinned::runsBeyond:
            if (watchpoint == Watchpoint::refused)
                return say(Verdict::incompatible,
                           wording::secondWatchpointRefused(host_, level, *qemu_),
                           pinRemedy(level));
            answer_.warnings.push_back(wording::seesMoreThanGranted(host_, level, qemu_));
            if (watchpoint == Watchpoint::notTold)
                answer_.warnings.push_back(wording::secondWatchpoint(host_, level, qemu_));
            break;
        case Unpinned::runs:
            break;
        }
        answer_.warnings.push_back(wording::tiesToGeneration(
            domain_, host_,
            !host_.libvirtKnowsProcessor
                ? ""
                : model::modeName((usable().empty() ? supported : usable()).newest())));
        return say(Verdict::compatible, reason());
    }

    const xml::Domain& domain_;
    const PolicyHost& host_;
    const qemu::QemuModes* qemu_;
    model::ModeTable table_;
    CheckAnswer answer_;
    /// The max-cpu-compat with which QEMU is started; empty if there is none.
    std::string mode_;
    bool modeIsOfCommandLine_ = false;
};

} // namespace

std::string_view toString(Verdict verdict) {
    switch (verdict) {
    case Verdict::compatible:
        return "compatible";
    case Verdict::incompatible:
        return "incompatible";
    case Verdict::unknown:
        return "unknown";
    case Verdict::notApplicable:
        return "not-applicable";
    }
    return "";
}

void requirePinned(CheckAnswer& answer) {
    if (answer.verdict != Verdict::compatible || !answer.mode.empty())
        return;
    answer.verdict = Verdict::incompatible;
    answer.reason = wording::notPinned(answer.reason);
    answer.remedy = wording::pinWithFit();
}

CheckAnswer checkDomain(const xml::Domain& domain, const PolicyHost& host,
                        const qemu::QemuModes* qemu, model::ModeTable table) {
    return Checker(domain, host, qemu, table).run();
}

CheckAnswer checkCommandLine(const xml::Domain& domain, const CommandLine& line, CommandLineOf who,
                             const PolicyHost& host, const qemu::QemuModes* qemu,
                             model::ModeTable table) {
    return Checker(domain, host, qemu, table).run(line, who);
}

CheckAnswer checkRefused(const xml::Domain& domain, std::string_view daemon, std::string_view words,
                         const PolicyHost& host, const qemu::QemuModes* qemu,
                         model::ModeTable table) {
    return Checker(domain, host, qemu, table).refused(daemon, words);
}

} // namespace hostcompat::policy
