// SPDX-License-Identifier: LGPL-2.1-or-later
// The values and combinations that libvirt accepts in a domain. Each was tried with "virsh define"
// on libvirt 9.0 (src/conf/domain_conf.c, src/conf/cpu_conf.c: virCPUDefParseXML).
#include "driver/policy/libvirt_rules.hpp"

#include "driver/policy/numa_rules.hpp"
#include "driver/policy/refusals.hpp"
#include "driver/text/utf8.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace hostcompat::policy {

using rules::cpusOf;
using rules::has;
using rules::numberOf;
using rules::Refusals;
using rules::Words;

namespace {

constexpr std::string_view kTypes[] = {"none", "qemu",      "kqemu", "kvm",    "xen",    "lxc",
                                       "uml",  "openvz",    "test",  "vmware", "hyperv", "vbox",
                                       "phyp", "parallels", "vz",    "bhyve",  "hvf"};

constexpr std::string_view kArchs[] = {
    "alpha",    "armv6l",     "armv7l",   "armv7b",     "aarch64",      "cris",   "i686",
    "ia64",     "lm32",       "m68k",     "microblaze", "microblazeel", "mips",   "mipsel",
    "mips64",   "mips64el",   "openrisc", "parisc",     "parisc64",     "ppc",    "ppc64",
    "ppc64le",  "ppcle",      "ppcemb",   "riscv32",    "riscv64",      "s390",   "s390x",
    "sh4",      "sh4eb",      "sparc",    "sparc64",    "unicore32",    "x86_64", "xtensa",
    "xtensaeb", "loongarch64" /* libvirt 10.1 */};

constexpr std::string_view kMatches[] = {"minimum", "exact", "strict"};
constexpr std::string_view kChecks[] = {"default", "none", "partial", "full"};
constexpr std::string_view kSwitch[] = {"on", "off"};
constexpr std::string_view kFallbacks[] = {"", "allow", "forbid"};
constexpr std::string_view kPlacements[] = {"static", "auto"};
constexpr std::string_view kPolicies[] = {"force", "require", "optional", "disable", "forbid"};

void judgeHead(const xml::Domain& domain, Refusals& refusals) {
    if (!has(kTypes, domain.typeText))
        refusals.add(fmt::format("libvirt knows no domain type {}", text::clipped(domain.typeText)),
                     "write <domain type='kvm'>, or the type of the hypervisor");
    // libvirt's QEMU driver runs only "hvm".
    if (domain.type != xml::DomainType::other && domain.osType && *domain.osType != "hvm")
        refusals.add(fmt::format("libvirt refuses the text '{}' of <os><type>",
                                 text::clipped(*domain.osType)),
                     "write hvm in <os><type>");
    if (!domain.arch.empty() && !has(kArchs, domain.arch))
        refusals.add(
            fmt::format("libvirt knows no architecture {}", text::clipped(domain.arch)),
            "write arch='ppc64le' or arch='ppc64' in <os><type>, or another that libvirt knows");
}

void judgeAttributes(const xml::DomainCpu& cpu, Refusals& refusals) {
    using enum xml::CpuMode;
    if (cpu.match && !xml::isCpuMatch(*cpu.match))
        refusals.addWord("cpu", "match", *cpu.match, kMatches);
    if (cpu.check && !has(kChecks, *cpu.check))
        refusals.addWord("cpu", "check", *cpu.check, kChecks);
    if (cpu.migratable && !has(kSwitch, *cpu.migratable))
        refusals.addWord("cpu", "migratable", *cpu.migratable, kSwitch);
    else if (cpu.migratable && cpu.mode != hostPassthrough && cpu.mode != maximum)
        refusals.add("libvirt refuses migratable of <cpu> outside of host-passthrough and maximum",
                     "take migratable out of <cpu>");
    if ((cpu.mode == none || cpu.mode == custom || cpu.mode == hostModel) &&
        !has(kFallbacks, cpu.fallback))
        refusals.addWord("model", "fallback", cpu.fallback, Words(kFallbacks).subspan(1));
    // virCPUDefParseXML(): VIR_CPU_VENDOR_ID_LENGTH.
    constexpr std::size_t kVendorIdLength = 12;
    if (cpu.vendorId && (cpu.mode == none || cpu.mode == custom || cpu.mode == hostModel) &&
        (cpu.vendorId->size() != kVendorIdLength || cpu.vendorId->contains(',')))
        refusals.add(fmt::format("libvirt refuses vendor_id='{}' of <model>: it is not {} "
                                 "characters without a comma",
                                 text::clipped(*cpu.vendorId), kVendorIdLength),
                     "take vendor_id out of <model>");
}

void judgeFeatures(const xml::DomainCpu& cpu, Refusals& refusals) {
    if (!cpu.features.empty() && cpu.mode == xml::CpuMode::none)
        refusals.add("libvirt refuses <feature> of a <cpu> without <model>",
                     "take <feature> out of <cpu>");
    std::set<std::string_view> names;
    for (const xml::CpuFeature& feature : cpu.features) {
        if (feature.policy && !has(kPolicies, *feature.policy))
            refusals.addWord("feature", "policy", *feature.policy, kPolicies);
        if (feature.name.empty())
            refusals.add("libvirt refuses a <feature> without a name",
                         "take <feature> out of <cpu>");
        else if (!names.insert(feature.name).second)
            refusals.add(fmt::format("libvirt refuses <feature> {}, which is there twice",
                                     text::clipped(feature.name)),
                         "name each <feature> once");
    }
}

/// The number of vCPUs; 0 if it is not a number, which is then refused.
unsigned judgeVcpus(const xml::Domain& domain, Refusals& refusals) {
    if (!domain.vcpus)
        return 1;
    const unsigned vcpus = numberOf(*domain.vcpus).value_or(0);
    if (vcpus == 0) {
        refusals.add(fmt::format("libvirt refuses <vcpu>{}</vcpu>", text::clipped(*domain.vcpus)),
                     "write a number of at least 1 in <vcpu>");
        return 0;
    }
    if (!domain.currentVcpus)
        return vcpus;
    const auto current = numberOf(*domain.currentVcpus);
    if (!current || *current == 0 || *current > vcpus)
        refusals.add(fmt::format("libvirt refuses current='{}' of <vcpu>{}</vcpu>",
                                 text::clipped(*domain.currentVcpus), vcpus),
                     "write a number from 1 up to that of <vcpu>");
    return vcpus;
}

void judgePlacement(const xml::Domain& domain, Refusals& refusals) {
    if (domain.vcpuPlacement && !has(kPlacements, *domain.vcpuPlacement))
        return refusals.addWord("vcpu", "placement", *domain.vcpuPlacement, kPlacements);
    if (!domain.vcpuSet || domain.vcpuPlacement == "auto")
        return;
    const auto cpus = cpusOf(*domain.vcpuSet);
    if (!cpus || cpus->empty())
        refusals.add(
            fmt::format("libvirt refuses cpuset='{}' of <vcpu>", text::clipped(*domain.vcpuSet)),
            "write a list of the host's CPUs such as 0-3,^1");
}

void judgeTopology(const xml::CpuTopology& topology, unsigned vcpus, Refusals& refusals) {
    std::uint64_t total = 1;
    bool complete = true;
    const auto count = [&](std::string_view name, const std::optional<std::string>& value,
                           bool required) {
        const unsigned number = value ? numberOf(*value).value_or(0) : 0;
        if (number != 0) {
            total *= number;
            return;
        }
        if (!value && !required)
            return;
        complete = false;
        refusals.add(value ? fmt::format("libvirt refuses {}='{}' of <topology>", name,
                                         text::clipped(*value))
                           : fmt::format("libvirt refuses a <topology> without {}", name),
                     fmt::format("write a number of at least 1 as {}", name));
    };
    count("sockets", topology.sockets, true);
    count("dies", topology.dies, false);
    count("clusters", topology.clusters, false);
    count("cores", topology.cores, true);
    count("threads", topology.threads, true);
    if (complete && vcpus != 0 && total != vcpus)
        refusals.add(fmt::format("libvirt refuses the <topology> of {} CPUs, as <vcpu> has {}",
                                 total, vcpus),
                     "make both the same");
}

/// Topologies that libvirt accepts, but QEMU's pSeries machine or KVM refuses. QEMU 7.2:
/// hw/core/machine-smp.c, and hw/ppc/spapr.c: spapr_set_vsmt_mode(). Linux:
/// arch/powerpc/kvm/book3s_hv.c: kvmhv_set_smt_mode(), MAX_SMT_THREADS.
void judgePowerTopology(const xml::Domain& domain, const xml::CpuTopology& topology,
                        Refusals& refusals) {
    const auto count = [](const std::optional<std::string>& value) {
        return value ? numberOf(*value).value_or(0) : 0;
    };
    if (count(topology.dies) > 1)
        refusals.add("QEMU refuses more than one die in a socket on POWER",
                     "take dies out of <topology>, and write more sockets or cores");
    if (count(topology.clusters) > 1)
        refusals.add("QEMU refuses more than one cluster in a die on POWER",
                     "take clusters out of <topology>, and write more sockets or cores");
    constexpr unsigned kMostThreads = 8;
    const unsigned threads = count(topology.threads);
    if (domain.type == xml::DomainType::kvm && xml::isPseriesMachine(domain.machine) &&
        threads != 0 && (threads > kMostThreads || !std::has_single_bit(threads)))
        refusals.add(fmt::format("QEMU refuses {} threads of a core on POWER", threads),
                     "write 1, 2, 4 or 8 as threads of <topology>");
}

void judgePower(const xml::Domain& domain, unsigned vcpus, Refusals& refusals) {
    const xml::DomainCpu& cpu = domain.cpu;
    // The machine's max_cpus, by which libvirt judges (QEMU 7.2 to 11.1).
    constexpr unsigned kMostVcpus = 4096;
    if (vcpus > kMostVcpus && xml::isPseriesMachine(domain.machine))
        refusals.add(
            fmt::format("libvirt refuses <vcpu>{}</vcpu>, as a pSeries machine has at most "
                        "{} CPUs",
                        vcpus, kMostVcpus),
            "write a smaller number in <vcpu>");
    if (cpu.hasCache)
        refusals.add("libvirt refuses <cache> of <cpu> on POWER", "take <cache> out of <cpu>");
    if (cpu.hasMaximumAddress)
        refusals.add("libvirt refuses <maxphysaddr> of <cpu> on POWER",
                     "take <maxphysaddr> out of <cpu>");
    if (cpu.mode == xml::CpuMode::hostPassthrough && cpu.migratable == "on")
        refusals.add("libvirt refuses migratable='on' of host-passthrough on POWER, where QEMU has "
                     "no such option",
                     "take migratable out of <cpu>");
    if (cpu.topology)
        judgePowerTopology(domain, *cpu.topology, refusals);
    // qemuDomainDefValidate(): on pSeries, CPUs are hot-plugged as whole cores.
    const unsigned threads =
        cpu.topology && cpu.topology->threads ? numberOf(*cpu.topology->threads).value_or(0) : 0;
    const unsigned current = domain.currentVcpus ? numberOf(*domain.currentVcpus).value_or(0) : 0;
    if (threads > 1 && xml::isPseriesMachine(domain.machine) && current % threads != 0)
        refusals.add(fmt::format("libvirt refuses current='{}' of <vcpu>, as a core has {} threads "
                                 "and is plugged whole",
                                 current, threads),
                     "write a multiple of the threads of <topology>");
}

/// Whether libvirt accepts the value of a <qemu:property>. It parses numbers with strtoll(), which
/// accepts white space and a sign before the digits.
bool isValueOf(std::string_view type, std::string_view value) {
    if (type == "bool")
        return value == "true" || value == "false";
    if (type != "signed" && type != "unsigned")
        return true;
    return type == "signed" ? numberOf<std::int64_t>(value).has_value()
                            : numberOf<std::uint64_t>(value).has_value();
}

/// Adds what qemuDomainDefNamespaceParse() of libvirt 9.0 refuses in <qemu:override>.
void judgeOverride(const xml::QemuDevice& device, Refusals& refusals) {
    constexpr std::string_view types[] = {"string", "signed", "unsigned", "bool", "remove"};
    constexpr const char* kRemedy = "mend it, or take it out of <qemu:override>";
    if (!device.alias)
        refusals.add("libvirt refuses a <qemu:device> without an alias", kRemedy);
    for (const xml::QemuProperty& property : device.properties) {
        const std::string name = text::clipped(property.name.value_or(""));
        if (!property.name)
            refusals.add("libvirt refuses a <qemu:property> without a name", kRemedy);
        else if (name == "id")
            refusals.add("libvirt refuses the <qemu:property> id, which nobody may override",
                         kRemedy);
        else if (!property.type || !has(types, *property.type))
            refusals.add(fmt::format("libvirt refuses the type '{}' of the <qemu:property> {}",
                                     text::clipped(property.type.value_or("")), name),
                         fmt::format("write one of: {}", fmt::join(types, ", ")));
        else if (property.value.has_value() == (*property.type == "remove"))
            refusals.add(
                property.value
                    ? fmt::format("libvirt refuses a value of the <qemu:property> {}, "
                                  "which is to be removed",
                                  name)
                    : fmt::format("libvirt refuses the <qemu:property> {} without a value", name),
                kRemedy);
        else if (property.value && !isValueOf(*property.type, *property.value))
            refusals.add(fmt::format("libvirt refuses the value '{}' of the <qemu:property> {}, "
                                     "which is of the type {}",
                                     text::clipped(*property.value), name, *property.type),
                         kRemedy);
    }
}

} // namespace

std::vector<Refusal> refusedByLibvirt(const xml::Domain& domain, std::string_view hostArch) {
    Refusals refusals;
    judgeHead(domain, refusals);
    judgeAttributes(domain.cpu, refusals);
    if (!domain.cpu.vendor.empty() && domain.cpu.model.empty())
        refusals.add("libvirt refuses <vendor> of a <cpu> without <model>",
                     "take <vendor> out of <cpu>");
    judgeFeatures(domain.cpu, refusals);
    const auto vcpus = judgeVcpus(domain, refusals);
    judgePlacement(domain, refusals);
    if (domain.cpu.topology)
        judgeTopology(*domain.cpu.topology, vcpus, refusals);
    if (domain.cpu.numa)
        rules::judgeNuma(*domain.cpu.numa, vcpus, refusals);
    for (const auto& argument : domain.qemuArguments)
        if (!argument)
            refusals.add("libvirt refuses a <qemu:arg> without a value",
                         "take it out of <qemu:commandline>");
    if (domain.namelessVariable)
        refusals.add("libvirt refuses a <qemu:env> without a name",
                     "take it out of <qemu:commandline>");
    for (const xml::QemuDevice& device : domain.qemuOverrides)
        judgeOverride(device, refusals);
    if (xml::isPowerArch(domain.arch.empty() ? hostArch : domain.arch))
        judgePower(domain, vcpus, refusals);
    return refusals.take();
}

} // namespace hostcompat::policy
