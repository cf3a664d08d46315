// SPDX-License-Identifier: LGPL-2.1-or-later
// Follows a domain's CPU from its document through libvirt and QEMU to KVM.
//
// libvirt 9.0: src/cpu/cpu_ppc64.c (ppc64Compute, virCPUppc64Update, virCPUppc64ConvertLegacy),
// src/qemu/qemu_process.c (qemuProcessUpdateGuestCPU), src/qemu/qemu_command.c
// (qemuBuildCpuModelArgStr, qemuBuildMachineCommandLine), src/qemu/qemu_domain.c
// (qemuDomainDefSetDefaultCPU, qemuDomainDefCPUPostParse). QEMU 7.2: target/ppc/compat.c,
// target/ppc/kvm.c. Linux: arch/powerpc/kvm/book3s_hv.c (kvm_arch_vcpu_ioctl_set_sregs_hv,
// kvmppc_set_arch_compat).
#include "driver/policy/check.hpp"

#include "driver/policy/wording.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace hostcompat::policy {

namespace {

/// Modes of QEMU that are older than the table: guests of them use the hashed page table.
constexpr std::array<std::string_view, 4> kHashedModes = {"power6", "power7", "power7+", "power8"};

bool equalIgnoringCase(std::string_view left, std::string_view right) {
    return std::ranges::equal(left, right, [](unsigned char a, unsigned char b) {
        return std::tolower(a) == std::tolower(b);
    });
}

/// "power12": a name that some version's table may have.
bool looksLikeMode(std::string_view name) {
    if (!name.starts_with("power"))
        return false;
    name.remove_prefix(5);
    return !name.empty() && name.size() <= 3 &&
           std::ranges::all_of(name, [](unsigned char c) { return std::isdigit(c) != 0; });
}

/// libvirt 9.0 src/cpu/cpu_ppc64.c, virCPUppc64ConvertLegacy().
std::string_view currentModelName(std::string_view model) {
    constexpr std::array<std::string_view, 4> legacy = {"POWER7_v2.1", "POWER7_v2.3",
                                                        "POWER7+_v2.1", "POWER8_v1.0"};
    return std::ranges::find(legacy, model) != legacy.end() ? model.substr(0, 6) : model;
}

/// One domain on its way.
class Checker {
public:
    Checker(const xml::Domain& domain, const PolicyHost& host, const qemu::QemuModes* qemu,
            model::ModeTable table)
        : domain_(domain), host_(host), qemu_(qemu), table_(table) {}

    CheckAnswer run() {
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
        if (!xml::isPowerArch(arch))
            return say(Verdict::notApplicable, wording::otherArch(arch));
        return domain_.type == xml::DomainType::qemu ? emulated() : underKvm();
    }

private:
    CheckAnswer say(Verdict verdict, std::string reason, std::string remedy = {}) {
        answer_.verdict = verdict;
        answer_.reason = std::move(reason);
        answer_.remedy = std::move(remedy);
        return std::move(answer_);
    }

    model::ModeSet usable() const {
        const model::ModeSet supported = supportedModes(host_);
        return qemu_ ? supported & qemu_->modes(table_) : supported;
    }

    /// The way out: the wished mode where it works, else the newest that does, else nothing.
    std::string pinRemedy(const model::Mode* wished = nullptr) const {
        if (wished && usable().contains(*wished))
            return wording::pin(wished->name);
        const model::Mode* newest = model::newestMode(usable(), table_);
        return newest ? wording::pin(newest->name) : wording::lookAtTheHost(host_);
    }

    /// TCG has no CPU "host" and libvirt no host model for it; what it emulates, KVM does not
    /// bind.
    CheckAnswer emulated() {
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
        default:
            return say(Verdict::notApplicable, wording::emulated());
        }
    }

    CheckAnswer underKvm() {
        if (!host_.arch.empty() && !xml::isPowerArch(host_.arch))
            return say(Verdict::incompatible, wording::hostOfOtherArch(domain_, host_));
        if (!xml::isPseriesMachine(domain_.machine))
            return say(Verdict::incompatible, wording::machineWithoutKvm(domain_),
                       wording::usePseries());
        if (const std::string obstacle = refusedByQemuOrLibvirt(); !obstacle.empty())
            return say(Verdict::incompatible, obstacle);
        const bool hasModel = !domain_.cpu.model.empty();
        switch (domain_.cpu.mode) {
        case xml::CpuMode::hostModel:
            return hasModel ? pinned(domain_.cpu.model) : unpinned();
        case xml::CpuMode::custom:
            return custom();
        case xml::CpuMode::hostPassthrough:
            if (hasModel)
                answer_.warnings.push_back(wording::modelIgnored(domain_));
            return unpinned();
        case xml::CpuMode::none:
            return unpinned();
        case xml::CpuMode::maximum:
            return say(Verdict::incompatible, wording::maximumRefused(), pinRemedy());
        case xml::CpuMode::other:
            break;
        }
        return say(Verdict::incompatible, wording::invalidCpuMode(domain_),
                   wording::useKnownCpuMode());
    }

    /// What of <cpu> beside the model stands in the way: QEMU's POWER CPUs have neither features
    /// nor a vendor to set, and libvirt compares <vendor> with the host's unless check is none.
    std::string refusedByQemuOrLibvirt() const {
        const xml::DomainCpu& cpu = domain_.cpu;
        if (!cpu.feature.empty())
            return wording::featureRefused(cpu.feature);
        if (cpu.mode != xml::CpuMode::hostModel && cpu.mode != xml::CpuMode::custom)
            return {};
        if (!cpu.vendorId.empty())
            return wording::vendorIdRefused();
        if (!cpu.vendor.empty() && cpu.vendor != "IBM" && cpu.check != "none")
            return wording::otherVendor(cpu.vendor);
        return {};
    }

    /// "-machine pseries,max-cpu-compat=NAME -cpu host".
    CheckAnswer pinned(std::string_view name) {
        answer_.mode = name;
        const model::Mode* mode = model::findModeByName(name, table_);
        if (!mode)
            return pinnedToOther(name);
        if (qemu_ && !qemu_->takes(name))
            return say(Verdict::incompatible, wording::qemuRefuses(name, *qemu_), pinRemedy());
        if (!host_.compat.known)
            return say(Verdict::unknown, wording::hostUnknown(host_),
                       wording::lookAtTheHost(host_));
        const model::ModeSet supported = supportedModes(host_);
        if (supported.contains(*mode))
            return say(Verdict::compatible, wording::supported(name, host_));
        const model::Mode* newest = model::newestMode(supported, table_);
        return say(Verdict::incompatible,
                   newest && newest < mode ? wording::newerThanHost(name, host_)
                                           : wording::notSupported(name, host_),
                   pinRemedy());
    }

    /// A mode that the table lacks.
    CheckAnswer pinnedToOther(std::string_view name) {
        for (const model::Mode& mode : table_)
            if (equalIgnoringCase(name, mode.name))
                return say(Verdict::incompatible, wording::wrongCase(name, mode.name),
                           pinRemedy(&mode));
        constexpr std::string_view blank = " \t\r\n";
        if (const std::size_t begin = name.find_first_not_of(blank);
            name.find_first_of(blank) != std::string_view::npos) {
            const std::size_t end = name.find_last_not_of(blank);
            const auto meant = begin < name.size() ? name.substr(begin, end - begin + 1) : name;
            return say(Verdict::incompatible, wording::whiteSpaceInModel(name),
                       pinRemedy(model::findModeByName(meant, table_)));
        }
        for (const NamedMode& named : host_.otherModes)
            if (named.name == name)
                return named.supported && !(qemu_ && !qemu_->takes(name))
                           ? say(Verdict::compatible, wording::supported(name, host_))
                           : say(Verdict::incompatible, wording::notSupported(name, host_),
                                 pinRemedy());
        const bool hashed = std::ranges::find(kHashedModes, name) != kHashedModes.end();
        if (!hashed && !looksLikeMode(name))
            return say(Verdict::incompatible, wording::noSuchMode(name, table_), pinRemedy());
        if (!host_.compat.known)
            return say(Verdict::unknown, wording::hostUnknown(host_),
                       wording::lookAtTheHost(host_));
        if (hashed) {
            // Only on bare metal does KVM-HV give guests a hashed page table.
            if (host_.compat.known->source == model::CompatSource::pvr)
                return say(Verdict::unknown, wording::oldModeBareMetal(name, host_), pinRemedy());
            return say(Verdict::incompatible, wording::oldModeNested(name), pinRemedy());
        }
        if (host_.compat.known->unknownBits != 0 && !(qemu_ && !qemu_->takes(name)))
            return say(Verdict::unknown, wording::modeBeyondTable(name, host_), pinRemedy());
        return say(Verdict::incompatible, wording::noSuchMode(name, table_), pinRemedy());
    }

    /// "-cpu MODEL": KVM-HV takes only the host's own processor version.
    CheckAnswer custom() {
        const xml::DomainCpu& cpu = domain_.cpu;
        const std::string_view model = currentModelName(cpu.model);
        if (model != cpu.model)
            answer_.warnings.push_back(wording::legacyModel(cpu.model, model));
        if (cpu.match == "minimum" || cpu.match == "strict")
            answer_.warnings.push_back(wording::matchIsExact(domain_));
        if (!host_.model.empty() && model == host_.model)
            return unpinned();
        // QEMU finds models in any case, libvirt does not: without its comparison (check='none') it
        // is virCPUTranslate() that refuses (measured with libvirt 9.0).
        if (const model::Mode* mode = model::findModeByName(model, table_))
            return say(Verdict::incompatible, wording::customIsMode(domain_), pinRemedy(mode));
        if (host_.model.empty())
            return say(Verdict::unknown, wording::customOnUnknownModel(model, host_),
                       wording::lookAtTheHost(host_));
        return say(Verdict::incompatible, wording::customIsOtherGeneration(domain_, model, host_),
                   pinRemedy(model::findModeByCpuModel(model, table_)));
    }

    /// "-cpu host" without max-cpu-compat.
    CheckAnswer unpinned() {
        if (!host_.compat.known)
            return say(Verdict::unknown, wording::hostUnknown(host_),
                       wording::lookAtTheHost(host_));
        const model::ModeSet supported = supportedModes(host_);
        const model::Mode* newest = model::newestMode(supported, table_);
        if (!newest)
            return say(Verdict::unknown, wording::unpinnedWithoutModes(host_));
        // In a partition that runs in an older mode the guest boots all the same, as the processor
        // that the partition may not use in full (measured: a POWER10 in power9 mode).
        const model::Mode* own = model::findModeByCpuModel(host_.model, table_);
        if (own && !supported.contains(*own))
            answer_.warnings.push_back(wording::seesMoreThanGranted(host_, newest->name));
        const model::Mode* pin = model::newestMode(usable(), table_);
        answer_.warnings.push_back(
            wording::tiesToGeneration(domain_, host_, (pin ? pin : newest)->name));
        return say(Verdict::compatible, wording::runsUnpinned(domain_, host_));
    }

    const xml::Domain& domain_;
    const PolicyHost& host_;
    const qemu::QemuModes* qemu_;
    model::ModeTable table_;
    CheckAnswer answer_;
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

CheckAnswer checkDomain(const xml::Domain& domain, const PolicyHost& host,
                        const qemu::QemuModes* qemu, model::ModeTable table) {
    return Checker(domain, host, qemu, table).run();
}

} // namespace hostcompat::policy
