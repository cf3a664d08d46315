// SPDX-License-Identifier: LGPL-2.1-or-later
// The messages for verdicts, warnings and refusals.
#include "driver/policy/wording.hpp"

#include "driver/text/utf8.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace hostcompat::policy::wording {

namespace {

/// How the domain's CPU was chosen, as the beginning of a clause.
std::string cpuOf(const xml::Domain& domain) {
    switch (domain.cpu.mode) {
    case xml::CpuMode::none:
        return "the domain names no CPU";
    case xml::CpuMode::custom:
        return fmt::format("the domain names the CPU model {}", text::clipped(domain.cpu.model));
    default:
        return fmt::format("the domain's CPU is {} without a pinned mode", domain.cpu.modeText);
    }
}

std::string supportedBy(const PolicyHost& host) {
    return fmt::format("{} supports {}", host.name, modeNames(supportedModes(host)));
}

/// What the answer assumes about a QEMU that was not asked, or that gave no answer.
std::string assumption(const qemu::QemuModes* qemu) {
    if (qemu != nullptr && !qemu->hostModel.empty())
        return {};
    return fmt::format(" (assuming a QEMU whose CPU 'host' is the processor itself; {})",
                       qemu != nullptr ? "this QEMU cannot use KVM here, so it does not say"
                                       : "--qemu asks the real one");
}

} // namespace

std::string modeNames(model::ModeSet modes) {
    std::vector<std::string> names;
    for (const unsigned number : modes.numbers())
        names.push_back(model::modeName(number));
    if (names.empty())
        return "no mode";
    const std::string last = std::move(names.back());
    names.pop_back();
    return names.empty() ? last : fmt::format("{} and {}", fmt::join(names, ", "), last);
}

std::string pinnedCpu(std::string_view mode) {
    return fmt::format("<cpu mode='host-model'><model>{}</model></cpu>", mode);
}

std::string otherHypervisor(const xml::Domain& domain) {
    return fmt::format("the domain's type is {}, not kvm", text::clipped(domain.typeText));
}

std::string otherArch(std::string_view arch) {
    return fmt::format("the domain's architecture is {}; only ppc64 and ppc64le have compatibility "
                       "modes",
                       text::clipped(arch));
}

std::string archUnknown() {
    return "the domain names no arch, so libvirt takes the host's, which is not known";
}

std::string emulated() {
    return "the domain is emulated (type qemu), so KVM's modes do not apply to it";
}

std::string emulatedWithHostCpu(const xml::Domain& domain) {
    return fmt::format("the domain is emulated (type qemu), and the CPU mode {} needs KVM",
                       domain.cpu.modeText);
}

std::string emulatedWithHostOfCommandLine() {
    return "the domain is emulated (type qemu), and <qemu:commandline> names -cpu host, which "
           "needs "
           "KVM";
}

std::string emulatedAsStarted(std::string_view accelerator) {
    return fmt::format("QEMU is started with the accelerator {}, so KVM's modes do not bind the "
                       "guest",
                       text::clipped(accelerator));
}

std::string refusedByDaemon(std::string_view daemon, std::string_view words) {
    constexpr std::size_t kMostWords = 1000;
    return fmt::format("{} refuses to start it: {}", text::clipped(daemon, kMostWords),
                       text::clipped(words, kMostWords));
}

std::string modelUnknownToLibvirt(const xml::Domain& domain) {
    return fmt::format("libvirt knows no CPU model '{}' for POWER",
                       text::clipped(domain.cpu.model));
}

std::string hostOfOtherArch(const xml::Domain& domain, const PolicyHost& host) {
    return fmt::format("{} is {}, and KVM runs only guests of its own architecture, not {}",
                       host.name, text::clipped(host.arch), text::clipped(domain.arch));
}

std::string machineWithoutKvm(std::string_view machine) {
    return fmt::format("the machine type {} does not run under KVM-HV and takes no compatibility "
                       "mode; only pseries does",
                       text::clipped(machine));
}

std::string invalidCpuMode(const xml::Domain& domain) {
    return fmt::format("libvirt knows no CPU mode '{}'", text::clipped(domain.cpu.modeText));
}

std::string maximumRefused() {
    return "libvirt refuses the CPU mode maximum on ppc64, as QEMU offers no such CPU there";
}

std::string featureRefused(std::string_view feature) {
    return fmt::format("QEMU has no CPU feature {} on ppc64; take <feature> out of the domain",
                       text::clipped(feature));
}

std::string vendorIdRefused() {
    return "QEMU has no vendor to set on ppc64; take vendor_id out of <model>";
}

std::string otherVendor(std::string_view vendor) {
    return fmt::format("the domain requires a CPU of the vendor {}, but that of POWER hosts is IBM",
                       text::clipped(vendor));
}

std::string hostUnknown(const PolicyHost& host) {
    return fmt::format("the modes of {} are not known: {}", host.name, host.compat.reason);
}

std::string supported(std::string_view mode, const PolicyHost& host) {
    return fmt::format("{} supports {}", host.name, text::clipped(mode));
}

std::string notSupported(std::string_view mode, const PolicyHost& host) {
    if (supportedModes(host).empty())
        return fmt::format("{} does not support {}", host.name, text::clipped(mode));
    return fmt::format("{}, not {}", supportedBy(host), text::clipped(mode));
}

std::string newerThanHost(std::string_view mode, const PolicyHost& host) {
    return fmt::format("{} is newer than what {} supports ({})", mode, host.name,
                       modeNames(supportedModes(host)));
}

std::string qemuRefuses(std::string_view mode, const qemu::QemuModes& qemu) {
    return fmt::format("{} does not know the mode {}; it accepts {}", qemu.binary,
                       text::clipped(mode), fmt::join(qemu.accepted, ", "));
}

std::string wrongCase(std::string_view written, std::string_view mode) {
    return fmt::format("{} is a CPU model; the compatibility mode is written {}", written, mode);
}

std::string whiteSpaceInModel(std::string_view written) {
    return fmt::format(
        "<model> contains white space ('{}'), which libvirt passes on and QEMU refuses",
        text::clipped(written));
}

std::string noSuchMode(std::string_view written, model::ModeTable table) {
    return fmt::format("{} is not a compatibility mode ({})", text::clipped(written),
                       modeNames(model::allModes(table)));
}

std::string modeNotTold(std::string_view written, const PolicyHost& host) {
    return fmt::format("{} does not say whether it supports {}", host.name, text::clipped(written));
}

std::string hashedRefused(std::string_view written, const PolicyHost& host) {
    return fmt::format("{} needs the hashed page table, which guests of {} cannot have", written,
                       host.name);
}

std::string customIsOtherGeneration(const xml::Domain& domain, std::string_view model,
                                    const PolicyHost& host) {
    std::string text =
        fmt::format("the domain requires the CPU model {}, and {} is {}: KVM runs only "
                    "the host's own model",
                    text::clipped(model), host.name, text::clipped(host.model));
    if (domain.cpu.fallback == "allow")
        text += "; fallback='allow' does not help, as libvirt translates no model on ppc64";
    return text;
}

std::string customIsMode(const xml::Domain& domain) {
    return fmt::format("{} is a compatibility mode, but a custom CPU needs a CPU model (libvirt "
                       "refuses {} as an unknown model)",
                       domain.cpu.model, domain.cpu.model);
}

std::string customOnUnknownModel(std::string_view model, const PolicyHost& host) {
    return fmt::format("{} does not say which CPU model it is, and KVM runs {} only there",
                       host.name, text::clipped(model));
}

std::string unpinned(Unpinned guest, const xml::Domain& domain, const PolicyHost& host,
                     unsigned level, const qemu::QemuModes* qemu) {
    const std::string cpu = cpuOf(domain);
    const std::string model = text::clipped(host.model);
    switch (guest) {
    case Unpinned::stopped:
        return fmt::format("{}, so QEMU gives it a {}, and KVM stops such a guest at its start "
                           "because {} runs in {} mode{}",
                           cpu, model, host.name, model::modeName(level), assumption(qemu));
    case Unpinned::stoppedOrBeyond:
        return fmt::format("{}, so QEMU gives it a {}, and {} runs in {} mode: kernels that check "
                           "this (since Linux 6.13) stop such a guest at its start, and others run "
                           "it beyond what the hypervisor grants{}",
                           cpu, model, host.name, model::modeName(level), assumption(qemu));
    case Unpinned::dependsOnKernel:
        return fmt::format("{}, and {} is a {} in {} mode: some kernels run such a guest and "
                           "others stop it (those that check its level since Linux 6.13), and {} "
                           "does not tell which kernel it has",
                           cpu, host.name, model, model::modeName(level), host.name);
    case Unpinned::notMeasured:
        return fmt::format("{}, and {} is a {} in {} mode: no guest without a pinned mode was "
                           "measured on such a host",
                           cpu, host.name, model, model::modeName(level));
    case Unpinned::processorNotTold:
        return fmt::format("{}, and {} names no processor that this version knows: KVM stops such "
                           "a guest on some that run in an older mode",
                           cpu, host.name);
    case Unpinned::levelNotTold:
        return fmt::format("{}, and {} is a {} that does not say whether it runs in its own mode: "
                           "KVM stops such a guest on some that run in an older one",
                           cpu, host.name, model);
    case Unpinned::runs:
    case Unpinned::runsBeyond:
        break;
    }
    return fmt::format("{}, so it runs as {} itself does ({})", cpu, host.name,
                       host.model.empty() ? modeNames(supportedModes(host)) : model);
}

std::string secondWatchpointRefused(const PolicyHost& host, unsigned level,
                                    const qemu::QemuModes& qemu) {
    return fmt::format("the machine {} of {} requires a second watchpoint register, which {} does "
                       "not have in {} mode: QEMU ends with 'DAWR1 not supported by KVM'",
                       qemu.machine, qemu.binary, host.name, model::modeName(level));
}

std::string notPinned(std::string_view reason) {
    return fmt::format("a pinned mode is required (--require-pinned), and {}", reason);
}

std::string pinWithFit() {
    return "'virt-host-compat fit' pins one";
}

std::string newerThanProcessor(std::string_view mode, const PolicyHost& host) {
    return fmt::format("{} is newer than the processor of {} ({})", mode, host.name,
                       text::clipped(host.model));
}

std::string libvirtDoesNotKnowProcessor(const PolicyHost& host) {
    return fmt::format("the libvirt of {} does not know its processor (there is no <model> in its "
                       "document), and refuses the CPU mode host-model there, which every "
                       "pinned mode needs",
                       host.name);
}

std::string updateLibvirt(bool runsUnpinned) {
    return fmt::format("update libvirt (POWER11 is known from 11.4 on){}",
                       runsUnpinned ? ", or use <cpu mode='host-passthrough'/>" : "");
}

std::string modelAttributeIgnored(std::string_view model) {
    return fmt::format("libvirt ignores the attribute model='{}' of <cpu>; a CPU is named by the "
                       "element <model>",
                       text::clipped(model));
}

std::string secondAccelerator(std::string_view accelerator) {
    return fmt::format(
        "<qemu:commandline> sets the accelerator ({}) beside the -accel that libvirt "
        "writes, and QEMU refuses both together",
        text::clipped(accelerator));
}

std::string commandLinePins(const xml::Domain& domain, std::string_view mode) {
    const std::string& model = domain.cpu.model;
    const std::string over = model.empty() ? "" : fmt::format(" ({})", text::clipped(model));
    if (mode.empty())
        return fmt::format("<qemu:commandline> takes max-cpu-compat away, which wins over <cpu>{}",
                           over);
    return fmt::format("<qemu:commandline> sets max-cpu-compat={}, which wins over <cpu>{}",
                       text::clipped(mode), over);
}

std::string commandLineNamesCpu(const xml::Domain& domain, std::string_view cpu) {
    const std::string& model = domain.cpu.model;
    return fmt::format("<qemu:commandline> names -cpu {}, which wins over <cpu>{}",
                       text::clipped(cpu),
                       model.empty() ? "" : fmt::format(" ({})", text::clipped(model)));
}

std::string namedCpuUnknown(std::string_view cpu) {
    return fmt::format("QEMU is started with -cpu {}, and only QEMU can tell whether it takes that "
                       "on this host",
                       text::clipped(cpu));
}

std::string contradictsDocument(const xml::Domain& domain, CommandLineOf who,
                                std::string_view property, std::string_view there,
                                std::string_view here) {
    const auto value = [](std::string_view text) {
        return text.empty() ? std::string("none") : text::clipped(text);
    };
    return fmt::format("{} has {} {}, and the document of {} says {}: the command line counts",
                       who == CommandLineOf::daemon ? "the command line that libvirt would start"
                                                    : "the command line of the guest's process",
                       property, value(there),
                       domain.name.empty() ? "the domain" : text::clipped(domain.name),
                       value(here));
}

std::string takeOutOfCommandLine(std::string_view what) {
    return fmt::format("take {} out of <qemu:commandline>", what);
}

std::string qemuPins(const xml::Domain& domain, const qemu::QemuModes& qemu, unsigned mode) {
    return fmt::format("{}, and the CPU 'host' of {} runs as {}", cpuOf(domain), qemu.binary,
                       model::modeName(mode));
}

std::string qemuPinsUnsupported(const qemu::QemuModes& qemu, const PolicyHost& host,
                                unsigned mode) {
    return fmt::format("the CPU 'host' of {} runs as {}, which {} does not support", qemu.binary,
                       model::modeName(mode), host.name);
}

std::string unpinnedWithoutModes(const PolicyHost& host, model::ModeTable table) {
    const model::ModeSet silent = model::allModes(table) - host.compat.known->refused;
    if (!silent.empty())
        return modesNotTold(host.name, silent);
    return fmt::format("the hypervisor grants {} no mode that this version knows", host.name);
}

std::string pin(std::string_view mode) {
    return fmt::format("use {}", pinnedCpu(mode));
}

std::string useKvmOrModel() {
    return "use type='kvm', or mode='custom' with a CPU model";
}

std::string usePseries() {
    return "use machine='pseries'";
}

std::string useKnownCpuMode() {
    return "use host-model with a <model>";
}

std::string lookAtTheHost(const PolicyHost& host) {
    return host.compat.known
               ? ""
               : "run 'virt-host-compat doctor' on the host, or give --host or --probe";
}

std::string archFromHost(const PolicyHost& host) {
    return fmt::format("the domain names no arch; libvirt takes the host's ({})",
                       text::clipped(host.arch));
}

std::string tiesToGeneration(const xml::Domain& domain, const PolicyHost& host,
                             std::string_view newest) {
    return fmt::format("{}: the guest can migrate only to hosts like {}, not to an older "
                       "generation{}",
                       cpuOf(domain), host.name,
                       newest.empty() ? "" : fmt::format("; {} pins a mode", pinnedCpu(newest)));
}

std::string seesMoreThanGranted(const PolicyHost& host, unsigned level,
                                const qemu::QemuModes* qemu) {
    return fmt::format("the guest sees a {} although {} runs in {} mode, and may use what the "
                       "hypervisor does not grant{}",
                       text::clipped(host.model), host.name, model::modeName(level),
                       assumption(qemu));
}

// Seen with QEMU 10.0 from libvirt 11.3 on a POWER10 in power9 mode; QEMU 7.2 has no such machine
// capability.
std::string secondWatchpoint(const PolicyHost& host, unsigned level, const qemu::QemuModes* qemu) {
    return fmt::format("a QEMU whose machine has the capability dawr1, as QEMU 10.0's has, refuses "
                       "to start the guest with 'DAWR1 not supported by KVM', because {} runs in "
                       "{} mode; <cpu mode='host-model'><model>{}</model></cpu> avoids it{}",
                       host.name, model::modeName(level), model::modeName(level),
                       qemu == nullptr ? "; --qemu asks the real one" : "");
}

std::string smallPages(std::string_view mode, const PolicyHost& host) {
    return fmt::format(
        "the kernel of {} has pages of 4 KiB, so that the guest may end with 'VRMA "
        "only allows' although {} is possible; a kernel with pages of 64 KiB runs it",
        host.name, mode);
}

std::string modelIgnored(const xml::Domain& domain) {
    return fmt::format("libvirt ignores <model>{}</model> with mode='{}'",
                       text::clipped(domain.cpu.model), domain.cpu.modeText);
}

std::string matchIsExact(const xml::Domain& domain) {
    return fmt::format("match='{}' means exact on ppc64",
                       text::clipped(domain.cpu.match.value_or("")));
}

std::string legacyModel(std::string_view written, std::string_view model) {
    return fmt::format("libvirt reads the old name {} as {}", written, model);
}

std::string noModeFrom(const PolicyHost& host, model::ModeSet usable, unsigned atLeast) {
    return fmt::format("{} supports only {}, but --at-least requires {} or newer", host.name,
                       modeNames(usable), model::modeName(atLeast));
}

std::string noModeToPin(const PolicyHost& host) {
    return fmt::format("{} supports no mode that could be pinned", host.name);
}

std::string noModeForBoth(const PolicyHost& host, const qemu::QemuModes& qemu) {
    return fmt::format("{}, but {} accepts none of them", supportedBy(host), qemu.binary);
}

} // namespace hostcompat::policy::wording
