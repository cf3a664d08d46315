// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests each way to specify a CPU on each kind of host.
#include "driver/policy/check.hpp"
#include "driver/policy/documented.hpp"

#include <gtest/gtest.h>

#include <ostream>

namespace hostcompat::policy {

void PrintTo(Verdict verdict, std::ostream* stream) {
    *stream << toString(verdict);
}

namespace {

/// A host that supports these modes and no other mode of the table.
PolicyHost host(model::ModeSet modes, std::string model, std::string source = "kvm") {
    return {.name = "the host",
            .arch = "ppc64le",
            .model = std::move(model),
            .compat = {.known = model::KnownCompat{.source = std::move(source),
                                                   .supported = modes,
                                                   .refused = model::allModes() - modes}}};
}

/// A bare-metal host whose answer does not include power8.
PolicyHost bareMetal() {
    PolicyHost result = host({9}, "POWER9", "pvr");
    result.compat.known->refused = {10, 11};
    return result;
}

const PolicyHost kPower9 = host({9}, "POWER9");
const PolicyHost kPower10 = host({9, 10}, "POWER10");
const PolicyHost kPower10As9 = [] {
    PolicyHost partition = host({9}, "POWER10");
    partition.nestedApi = model::NestedApi::v1;
    return partition;
}();
const PolicyHost kPower11 = host({9, 10, 11}, "POWER11");
const PolicyHost kPower9BareMetal = bareMetal();
const PolicyHost kPower9With8 = host({8, 9}, "POWER9");
const PolicyHost kUnknown = {.name = "the host",
                             .arch = "ppc64le",
                             .model = "POWER10",
                             .compat = {.reason = "KVM is not loaded"}};

struct Guest {
    std::string type = "kvm";
    std::string arch = "ppc64le";
    std::string machine = "pseries";
};

xml::Domain domain(const std::string& cpu, const Guest& guest = {}) {
    const std::string arch = guest.arch.empty() ? "" : " arch='" + guest.arch + "'";
    const std::string machine = guest.machine.empty() ? "" : " machine='" + guest.machine + "'";
    auto document = xml::DomainDocument::read("<domain type='" + guest.type + "'><os><type" + arch +
                                                  machine + ">hvm</type></os>" + cpu + "</domain>",
                                              "g.xml");
    if (!document)
        throw std::runtime_error(model::describe(document.error()));
    return document->domain();
}

std::string hostModel(const std::string& model) {
    return "<cpu mode='host-model'><model>" + model + "</model></cpu>";
}

std::string custom(const std::string& model, const std::string& attributes = "") {
    return "<cpu mode='custom' " + attributes + "><model>" + model + "</model></cpu>";
}

struct Row {
    const char* name;
    std::string cpu;
    const PolicyHost* on;
    Verdict verdict;
    std::string says;        ///< part of the reason
    std::string remedy = {}; ///< part of the remedy; empty: there is none
};

class EveryCpu : public testing::TestWithParam<Row> {};

TEST_P(EveryCpu, getsItsVerdict) {
    const Row& row = GetParam();
    const CheckAnswer answer = checkDomain(domain(row.cpu), *row.on);
    EXPECT_EQ(answer.verdict, row.verdict) << answer.reason;
    EXPECT_NE(answer.reason.find(row.says), std::string::npos) << answer.reason;
    if (row.remedy.empty())
        EXPECT_EQ(answer.remedy, "");
    else
        EXPECT_NE(answer.remedy.find(row.remedy), std::string::npos) << answer.remedy;
}

using enum Verdict;

INSTANTIATE_TEST_SUITE_P(
    Pinned, EveryCpu,
    testing::Values(
        Row{"supported", hostModel("power9"), &kPower10, compatible, "supports power9"},
        Row{"newest", hostModel("power10"), &kPower10, compatible, "supports power10"},
        Row{"newer", hostModel("power10"), &kPower9, incompatible,
            "power10 is newer than what the host supports (power9)", "<model>power9</model>"},
        Row{"partition_in_older_mode", hostModel("power10"), &kPower10As9, incompatible, "newer",
            "<model>power9</model>"},
        Row{"upper_case", hostModel("POWER9"), &kPower10, incompatible,
            "POWER9 is a CPU model; the compatibility mode is written power9",
            "<model>power9</model>"},
        Row{"upper_case_too_new", hostModel("Power11"), &kPower10, incompatible,
            "is written power11", "<model>power10</model>"},
        Row{"no_mode", hostModel("power42"), &kPower10, incompatible,
            "power42 is not a compatibility mode", "power10"},
        Row{"nonsense", hostModel("EPYC"), &kUnknown, incompatible, "EPYC is no", "doctor"},
        Row{"white_space", hostModel(" power9"), &kPower9, incompatible, "white space", "power9"},
        Row{"power8_nested", hostModel("power8"), &kPower9, incompatible, "hashed page table",
            "power9"},
        Row{"power7_nested", hostModel("power7"), &kPower9, incompatible, "hashed page table",
            "power9"},
        Row{"power7_plus_nested", hostModel("power7+"), &kPower9, incompatible, "hashed page table",
            "power9"},
        Row{"power8_bare_metal", hostModel("power8"), &kPower9BareMetal, unknown,
            "does not say whether it supports power8", "power9"},
        Row{"power7_bare_metal", hostModel("power7"), &kPower9BareMetal, unknown,
            "does not say whether it supports power7", "power9"},
        Row{"power8_supported", hostModel("power8"), &kPower9With8, compatible, "supports power8"},
        Row{"power7_plus_beside_power8", hostModel("power7+"), &kPower9With8, unknown,
            "does not say whether it supports power7+", "power9"},
        Row{"power9_bare_metal", hostModel("power9"), &kPower9BareMetal, compatible, "supports"},
        Row{"unknown_host", hostModel("power9"), &kUnknown, unknown, "KVM is not loaded",
            "--probe"},
        Row{"unknown_mode_and_host", hostModel("power12"), &kUnknown, unknown, "not loaded",
            "doctor"}),
    [](const auto& row) { return std::string(row.param.name); });

INSTANTIATE_TEST_SUITE_P(
    Others, EveryCpu,
    testing::Values(
        Row{"none", "", &kPower10, compatible, "names no CPU"},
        Row{"topology_only", "<cpu><topology sockets='1' cores='1' threads='1'/></cpu>", &kPower10,
            compatible, "names no CPU"},
        Row{"host_model", "<cpu mode='host-model'/>", &kPower10, compatible,
            "host-model without a pinned mode"},
        Row{"host_passthrough", "<cpu mode='host-passthrough'/>", &kPower9, compatible,
            "host-passthrough without"},
        Row{"maximum", "<cpu mode='maximum'/>", &kPower9, incompatible, "maximum", "power9"},
        Row{"invalid", "<cpu mode='host'/>", &kPower9, incompatible, "no CPU mode 'host'",
            "host-model"},
        Row{"custom_own", custom("POWER10"), &kPower10, compatible, "the CPU model POWER10"},
        Row{"custom_older", custom("POWER9"), &kPower10, incompatible, "the host is POWER10",
            "<model>power9</model>"},
        Row{"custom_newer", custom("POWER10"), &kPower9, incompatible, "the host is POWER9",
            "<model>power9</model>"},
        Row{"custom_mode", custom("power9"), &kPower10, incompatible,
            "power9 is a compatibility mode", "host-model"},
        Row{"custom_mode_unchecked", custom("power10", "check='none'"), &kPower10, incompatible,
            "power10 is a compatibility mode", "<model>power10</model>"},
        Row{"custom_legacy", custom("POWER8_v1.0"), &kPower9, incompatible, "the CPU model POWER8",
            "power9"},
        Row{"custom_unknown_host", custom("POWER9"), &kUnknown, incompatible, "POWER10", "doctor"},
        Row{"none_unknown_host", "", &kUnknown, unknown, "not loaded", "doctor"}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(Check, warnsOfAnUnpinnedGuest) {
    for (const char* cpu : {"", "<cpu mode='host-model'/>", "<cpu mode='host-passthrough'/>",
                            "<cpu><model>POWER10</model></cpu>"}) {
        const CheckAnswer answer = checkDomain(domain(cpu), kPower10);
        ASSERT_FALSE(answer.warnings.empty()) << cpu;
        EXPECT_NE(answer.warnings.back().find("migrate only to hosts like the host"),
                  std::string::npos);
        EXPECT_NE(answer.warnings.back().find("<model>power10</model>"), std::string::npos);
    }
    EXPECT_TRUE(checkDomain(domain(hostModel("power10")), kPower10).warnings.empty());
}

TEST(Check, warnsOfAGuestThatSeesMoreThanThePartitionMayUse) {
    const CheckAnswer answer = checkDomain(domain("<cpu mode='host-model'/>"), kPower10As9);
    EXPECT_EQ(answer.verdict, compatible);
    ASSERT_EQ(answer.warnings.size(), 3U);
    EXPECT_EQ(answer.warnings[0],
              "the guest sees a POWER10 although the host runs in power9 mode, "
              "and may use what the hypervisor does not grant (assuming a QEMU whose CPU 'host' is "
              "the processor itself; --qemu asks the real one)");
    EXPECT_NE(answer.warnings[1].find("DAWR1 not supported by KVM"), std::string::npos);
    EXPECT_NE(answer.warnings[2].find("<model>power9</model>"), std::string::npos);
}

TEST(Check, warnsOfWhatLibvirtReadsDifferently) {
    const auto first = [](const std::string& cpu) {
        const CheckAnswer answer = checkDomain(domain(cpu), kPower10);
        return answer.warnings.empty() ? "" : answer.warnings.front();
    };
    EXPECT_EQ(first("<cpu mode='host-passthrough'><model>power9</model></cpu>"),
              "libvirt ignores <model>power9</model> with mode='host-passthrough'");
    EXPECT_EQ(first(custom("POWER10", "match='minimum'")), "match='minimum' means exact on ppc64");
    EXPECT_EQ(first(custom("POWER7+_v2.1")), "libvirt reads the old name POWER7+_v2.1 as POWER7");
}

TEST(Check, saysThatFallbackDoesNotHelp) {
    const CheckAnswer answer = checkDomain(
        domain("<cpu mode='custom'><model fallback='allow'>POWER9</model></cpu>"), kPower10);
    EXPECT_NE(answer.reason.find("fallback='allow' does not help"), std::string::npos);
}

TEST(Check, leavesOtherArchitecturesAndHypervisorsAlone) {
    const Guest emulated{.type = "qemu", .arch = "x86_64", .machine = "q35"};
    EXPECT_EQ(checkDomain(domain("", emulated), kPower10).verdict, notApplicable);
    EXPECT_EQ(checkDomain(domain("", {.type = "xen"}), kPower10).verdict, notApplicable);
    EXPECT_EQ(checkDomain(domain("", {.type = "hvf"}), kPower10).verdict, notApplicable);
}

TEST(Check, takesAnAbsentArchFromTheHost) {
    const CheckAnswer answer = checkDomain(domain(hostModel("power9"), {.arch = ""}), kPower10);
    EXPECT_EQ(answer.verdict, compatible);
    ASSERT_EQ(answer.warnings.size(), 1U);
    EXPECT_EQ(answer.warnings[0], "the domain names no arch; libvirt takes the host's (ppc64le)");
    PolicyHost silent = kPower10;
    silent.arch = "";
    EXPECT_EQ(checkDomain(domain("", {.arch = ""}), silent).verdict, unknown);
}

TEST(Check, knowsThatKvmRunsItsOwnArchitecture) {
    PolicyHost x86 = kUnknown;
    x86.arch = "x86_64";
    const Guest pc{.arch = "x86_64", .machine = "q35"};
    EXPECT_EQ(checkDomain(domain("", pc), x86).verdict, notApplicable);
    EXPECT_EQ(checkDomain(domain("", pc), kPower10).verdict, incompatible);
    EXPECT_EQ(checkDomain(domain(hostModel("power9")), x86).verdict, incompatible);
}

TEST(Check, knowsThatOnlyPseriesTakesAMode) {
    EXPECT_EQ(checkDomain(domain("", {.machine = "powernv10"}), kPower10).verdict, incompatible);
    EXPECT_EQ(checkDomain(domain("", {.machine = "powernv10"}), kPower10).remedy,
              "use machine='pseries'");
    EXPECT_EQ(checkDomain(domain("", {.machine = "pseries-2.12-sxxm"}), kPower10).verdict,
              compatible);
    EXPECT_EQ(checkDomain(domain("", {.machine = ""}), kPower10).verdict, compatible);
    EXPECT_EQ(checkDomain(domain("", {.machine = "pseriesx"}), kPower10).verdict, incompatible);
}

TEST(Check, doesNotBindEmulation) {
    const Guest emulated{.type = "qemu"};
    EXPECT_EQ(checkDomain(domain("", emulated), kPower9).verdict, notApplicable);
    EXPECT_EQ(checkDomain(domain(custom("POWER10"), emulated), kPower9).verdict, notApplicable);
    EXPECT_EQ(checkDomain(domain(hostModel("power9"), emulated), kPower9).verdict, incompatible);
    EXPECT_EQ(checkDomain(domain("<cpu mode='host-passthrough'/>", emulated), kPower9).verdict,
              incompatible);
}

TEST(Check, countsQemuAsASecondLimit) {
    const qemu::QemuModes old{.binary = "qemu-old", .accepted = {"power8", "power9", "power10"}};
    const CheckAnswer answer = checkDomain(domain(hostModel("power11")), kPower11, &old);
    EXPECT_EQ(answer.verdict, incompatible);
    EXPECT_EQ(answer.reason,
              "qemu-old does not know the mode power11; it accepts power8, power9, power10");
    EXPECT_NE(answer.remedy.find("power10"), std::string::npos);
    EXPECT_EQ(checkDomain(domain(hostModel("power11")), kUnknown, &old).verdict, incompatible);
    EXPECT_EQ(checkDomain(domain(hostModel("power11")), kPower11).verdict, compatible);
}

TEST(Check, doesNotCallAModeOfANewerVersionImpossible) {
    PolicyHost newer = kPower11;
    newer.model = "POWER13";
    newer.compat.known->unknownBits = 1ULL << 59;
    EXPECT_EQ(checkDomain(domain(hostModel("power12")), newer).verdict, unknown);
    EXPECT_EQ(checkDomain(domain(hostModel("power12")), kPower11).verdict, incompatible);
    newer.compat.known->supported.insert(12);
    newer.compat.known->refused.insert(13);
    EXPECT_EQ(checkDomain(domain(hostModel("power12")), newer).verdict, compatible);
    EXPECT_EQ(checkDomain(domain(hostModel("power13")), newer).verdict, incompatible);
    EXPECT_NE(checkDomain(domain(hostModel("power13")), newer).remedy.find("power12"),
              std::string::npos);
}

TEST(Check, doesNotTakeSilenceForANo) {
    PolicyHost older = host({9}, "POWER9");
    older.compat.known->refused = {10};
    EXPECT_EQ(checkDomain(domain(hostModel("power8")), older).verdict, unknown);
}

TEST(Check, knowsThatNoModeIsNewerThanTheProcessor) {
    for (const char* model : {"POWER8", "POWER8E", "POWER8NVL", "power8", "POWER8_v2.0"}) {
        PolicyHost host = kUnknown;
        host.model = model;
        const CheckAnswer answer = checkDomain(domain(hostModel("power9")), host);
        EXPECT_EQ(answer.verdict, incompatible) << model;
        EXPECT_EQ(answer.reason,
                  "power9 is newer than the processor of the host (" + std::string(model) + ")");
    }
    EXPECT_EQ(checkDomain(domain(hostModel("power9")), kUnknown).verdict, unknown);
}

TEST(Check, knowsALibvirtThatDoesNotKnowTheProcessor) {
    PolicyHost older = kPower11;
    older.libvirtKnowsProcessor = false;
    const CheckAnswer answer = checkDomain(domain(hostModel("power10")), older);
    EXPECT_EQ(answer.verdict, incompatible);
    EXPECT_NE(answer.reason.find("libvirt"), std::string::npos);
    EXPECT_NE(answer.remedy.find("host-passthrough"), std::string::npos) << answer.remedy;
    EXPECT_EQ(checkDomain(domain("<cpu mode='host-passthrough'/>"), older).verdict, compatible);
    // libvirt 11.3 on a Power11 refused host-model without a pinned mode, and took no <cpu> at all.
    EXPECT_EQ(checkDomain(domain("<cpu mode='host-model'/>"), older).verdict, incompatible);
    EXPECT_EQ(checkDomain(domain(""), older).verdict, compatible);
    // If libvirt may also refuse a guest without a pinned mode, only a newer libvirt helps.
    PolicyHost unnamed = host({9, 10}, "");
    unnamed.libvirtKnowsProcessor = false;
    for (const char* cpu : {"<cpu mode='host-model'><model>power9</model></cpu>",
                            "<cpu mode='host-model'><model>power42</model></cpu>",
                            "<cpu mode='maximum'/>", "<cpu mode='host-passthrough'/>"}) {
        const CheckAnswer refused = checkDomain(domain(cpu), unnamed);
        EXPECT_NE(refused.verdict, compatible) << cpu;
        EXPECT_EQ(refused.remedy, "update libvirt (POWER11 is known from 11.4 on)") << cpu;
    }
}

/// A guest with <qemu:commandline>. `arguments` are separated by spaces.
xml::Domain withArguments(const std::string& cpu, const std::string& arguments,
                          const std::string& type = "kvm") {
    std::string text = "<domain type='" + type +
                       "' xmlns:q='http://libvirt.org/schemas/domain/qemu/1.0'><name>g</name>"
                       "<os><type arch='ppc64le' machine='pseries'>hvm</type></os>" +
                       cpu + "<q:commandline>";
    std::size_t begin = 0;
    while (begin < arguments.size()) {
        const std::size_t end = std::min(arguments.find(' ', begin), arguments.size());
        text += "<q:arg value='" + arguments.substr(begin, end - begin) + "'/>";
        begin = end + 1;
    }
    return xml::DomainDocument::read(text + "</q:commandline></domain>", "g.xml")->domain();
}

TEST(Check, readsTheCommandLineOfQemu) {
    const auto with = [](const std::string& arguments, const PolicyHost& host) {
        return checkDomain(withArguments(hostModel("power9"), arguments), host);
    };
    EXPECT_EQ(with("-machine max-cpu-compat=power10", kPower9).verdict, incompatible);
    EXPECT_EQ(with("-machine max-cpu-compat=power10", kPower10).verdict, compatible);
    EXPECT_EQ(with("-machine max-cpu-compat=power10", kPower10).mode, "power10");
    ASSERT_EQ(with("-machine max-cpu-compat=power10", kPower10).warnings.size(), 1U);
    EXPECT_EQ(with("-machine max-cpu-compat=power10", kPower10).warnings[0],
              "<qemu:commandline> sets max-cpu-compat=power10, which wins over <cpu> (power9)");
    EXPECT_EQ(with("-cpu POWER9", kPower10).verdict, incompatible);
    EXPECT_EQ(with("-cpu POWER9,x=on", kPower10).verdict, unknown);
    EXPECT_EQ(with("-machine accel=tcg", kPower10).verdict, incompatible);
    EXPECT_EQ(with("-machine powernv9", kPower9).verdict, incompatible);
    EXPECT_EQ(with("-cpu host", kPower10).verdict, compatible);
    // Repeating the pinned mode is not a contradiction.
    EXPECT_EQ(with("-machine max-cpu-compat=power9", kPower10).warnings.size(), 0U);
    // Without max-cpu-compat the guest can run only on its own generation.
    EXPECT_EQ(with("-machine max-cpu-compat=", kPower10).mode, "");
    EXPECT_EQ(with("-machine max-cpu-compat=", kPower10).verdict, compatible);
    // A named CPU does not change the mode that <cpu> pins.
    EXPECT_EQ(with("-cpu POWER10", kPower10).mode, "power9");
    EXPECT_EQ(with("-cpu POWER10", kPower10).verdict, compatible);
    EXPECT_EQ(with("-cpu power10_v2.0", kPower10).verdict, unknown);
    EXPECT_EQ(with("-machine powernv10", kPower10).verdict, incompatible);
    EXPECT_EQ(with("-machine type=pseries-6.2", kPower10).verdict, compatible);
    EXPECT_EQ(with("-enable-kvm", kPower10).verdict, incompatible);
    PolicyHost power11As10 = host({9, 10}, "POWER11");
    EXPECT_EQ(with("-machine max-cpu-compat=", power11As10).verdict, incompatible);
    EXPECT_EQ(with("-machine max-cpu-compat=power9", power11As10).verdict, compatible);
}

TEST(Check, doesNotLetTheCommandLineHideWhatLibvirtRefuses) {
    const std::string nine = "-machine max-cpu-compat=power9";
    EXPECT_EQ(checkDomain(withArguments(custom("POWER8"), nine), kPower9).verdict, incompatible);
    EXPECT_EQ(checkDomain(withArguments(custom("POWER9"), nine), kPower9).verdict, compatible);
    EXPECT_EQ(checkDomain(withArguments(custom("POWER9"), nine), kPower9).mode, "power9");
    EXPECT_EQ(checkDomain(withArguments(custom("POWER8"), "-cpu POWER9"), kPower9).verdict,
              incompatible);
    EXPECT_EQ(checkDomain(withArguments(hostModel("power11"), nine), kPower9).verdict,
              incompatible);
    EXPECT_EQ(checkDomain(withArguments(hostModel("Power9"), nine), kPower9).verdict, incompatible);
    PolicyHost older = kPower11;
    older.libvirtKnowsProcessor = false;
    EXPECT_EQ(checkDomain(withArguments(hostModel("power9"), nine), older).verdict, incompatible);
    // There is no <cpu> that libvirt could refuse.
    EXPECT_EQ(checkDomain(withArguments("", nine), older).verdict, compatible);
}

TEST(Check, saysWhatHelpsWhereTheCommandLineStandsInTheWay) {
    const CheckAnswer answer =
        checkDomain(withArguments(hostModel("power9"), "-machine max-cpu-compat=power10"), kPower9);
    EXPECT_EQ(answer.remedy, "take max-cpu-compat out of <qemu:commandline> and use <cpu "
                             "mode='host-model'><model>power9</model></cpu>");
}

TEST(Check, readsTheCommandLineOfAnEmulatedGuest) {
    const std::string cpu = custom("POWER9");
    EXPECT_EQ(checkDomain(withArguments(cpu, "-cpu POWER8", "qemu"), kPower10).verdict,
              notApplicable);
    EXPECT_EQ(checkDomain(withArguments(cpu, "-accel kvm", "qemu"), kPower10).verdict,
              notApplicable);
    EXPECT_EQ(checkDomain(withArguments(cpu, "-machine accel=kvm", "qemu"), kPower10).verdict,
              incompatible);
    EXPECT_EQ(checkDomain(withArguments(cpu, "-cpu host", "qemu"), kPower10).verdict, incompatible);
}

/// The answer for the command line that libvirt's daemon would use, or that a running process has.
CheckAnswer started(const xml::Domain& domain, const std::string& line, const PolicyHost& host,
                    CommandLineOf who = CommandLineOf::daemon) {
    return checkCommandLine(domain, commandLineOf(wordsOf(line)), who, host);
}

TEST(CheckCommandLine, decidesAsQemuAndKvmDo) {
    const xml::Domain nine = domain(hostModel("power9"));
    const std::string start = "qemu -machine pseries-7.2,max-cpu-compat=power9 -accel kvm -cpu ";
    EXPECT_EQ(started(nine, start + "host", kPower10As9).verdict, compatible);
    EXPECT_EQ(started(nine, start + "host", kPower10As9).mode, "power9");
    EXPECT_EQ(started(nine, start + "host", kPower10As9).warnings, std::vector<std::string>{});
    EXPECT_EQ(started(nine, start + "POWER8", kPower10).verdict, incompatible);
    EXPECT_EQ(started(nine, start + "power9_v2.2", kPower9).verdict, unknown);
    EXPECT_EQ(started(nine, start + "host -machine accel=kvm", kPower10).verdict, incompatible);
    EXPECT_EQ(started(nine, start + "host -accel tcg", kPower10).verdict, compatible);
    EXPECT_EQ(started(nine, start + "host -M powernv9", kPower9).verdict, incompatible);
    // libvirt's command line before it used -accel.
    EXPECT_EQ(
        started(nine, "qemu -machine pseries,accel=kvm,max-cpu-compat=power9", kPower9).verdict,
        compatible);
    EXPECT_EQ(started(nine, start + "host", kUnknown).verdict, unknown);
}

TEST(CheckCommandLine, bindsNoGuestWithoutKvm) {
    const xml::Domain nine = domain(custom("POWER9"), {.type = "qemu"});
    const CheckAnswer answer =
        started(nine, "qemu -machine pseries -accel tcg -cpu POWER9", kPower10);
    EXPECT_EQ(answer.verdict, notApplicable);
    EXPECT_EQ(answer.warnings, std::vector<std::string>{});
    EXPECT_EQ(started(nine, "qemu -machine pseries -cpu POWER9", kPower10).verdict, notApplicable);
    EXPECT_EQ(started(domain("", {.type = "lxc"}), "", kPower10).verdict, notApplicable);
    EXPECT_EQ(started(domain("", {.arch = "x86_64"}), "qemu -accel kvm", kPower10).verdict,
              incompatible);
}

TEST(CheckCommandLine, doesNotRefuseWhatLibvirtTook) {
    PolicyHost older = kPower11;
    older.libvirtKnowsProcessor = false;
    const xml::Domain pinned = domain(hostModel("power10"));
    EXPECT_EQ(checkDomain(pinned, older).verdict, incompatible);
    EXPECT_EQ(
        started(pinned, "qemu -machine max-cpu-compat=power10 -accel kvm -cpu host", older).verdict,
        compatible);
}

TEST(CheckCommandLine, namesAContradiction) {
    const xml::Domain ten = domain(hostModel("power10"));
    const CheckAnswer answer =
        started(ten, "qemu -machine max-cpu-compat=power9 -accel tcg -cpu POWER9", kPower10,
                CommandLineOf::process);
    EXPECT_EQ(answer.verdict, notApplicable);
    ASSERT_EQ(answer.warnings.size(), 3U);
    EXPECT_EQ(answer.warnings[0],
              "the command line of the guest's process has max-cpu-compat power9, and the document "
              "of the domain says power10: the command line counts");
    const CheckAnswer unpinned = started(ten, "qemu -accel kvm -cpu host", kPower10);
    EXPECT_EQ(unpinned.mode, "");
    ASSERT_FALSE(unpinned.warnings.empty());
    EXPECT_NE(unpinned.warnings[0].find("has max-cpu-compat none, and"), std::string::npos)
        << unpinned.warnings[0];
    // Options of <qemu:commandline> are reported once.
    const CheckAnswer added =
        started(withArguments(hostModel("power10"), "-machine max-cpu-compat=power9"),
                "qemu -machine pseries,max-cpu-compat=power10 -accel kvm -cpu host -machine "
                "max-cpu-compat=power9",
                kPower10);
    EXPECT_EQ(added.mode, "power9");
    EXPECT_EQ(added.warnings.size(), 1U);
}

TEST(CheckRefused, saysTheDaemonsWordsAndWhatHelps) {
    const CheckAnswer known =
        checkRefused(domain(hostModel("power10")), "qemu:///system", "it cannot", kPower9);
    EXPECT_EQ(known.verdict, incompatible);
    EXPECT_EQ(known.reason, "qemu:///system refuses to start it: it cannot");
    EXPECT_NE(known.remedy.find("power9"), std::string::npos);
    const CheckAnswer other = checkRefused(domain(hostModel("power9")), "qemu:///system",
                                           std::string(5000, 'x'), kPower9);
    EXPECT_EQ(other.verdict, incompatible);
    EXPECT_EQ(other.remedy, "");
    EXPECT_LT(other.reason.size(), 1100U);
}

TEST(CheckCommandLine, isOfOneGuestOnly) {
    xml::Domain guest = domain("");
    guest.uuid = "00000000-0000-4000-8000-00000000000A";
    const auto line = [](const std::string& text) { return commandLineOf(wordsOf(text)); };
    const std::string uuid = " -uuid 00000000-0000-4000-8000-00000000000a";
    EXPECT_TRUE(isOfGuest(line("qemu -name guest=g" + uuid), "g", guest));
    EXPECT_FALSE(isOfGuest(line("qemu -name guest=h" + uuid), "g", guest));
    EXPECT_FALSE(isOfGuest(line("qemu -name guest=g -uuid 1"), "g", guest));
    EXPECT_FALSE(isOfGuest(line("qemu" + uuid), "", guest));
    guest.uuid.clear();
    EXPECT_FALSE(isOfGuest(line("qemu -name guest=g"), "g", guest));
}

TEST(Check, mayWantAPinnedMode) {
    CheckAnswer pinned = checkDomain(domain(hostModel("power9")), kPower10);
    requirePinned(pinned);
    EXPECT_EQ(pinned.verdict, compatible);
    CheckAnswer unpinned = checkDomain(domain(""), kPower10);
    requirePinned(unpinned);
    EXPECT_EQ(unpinned.verdict, incompatible);
    EXPECT_NE(unpinned.reason.find("--require-pinned"), std::string::npos);
    CheckAnswer emulated = checkDomain(domain("", {.type = "qemu"}), kPower10);
    requirePinned(emulated);
    EXPECT_EQ(emulated.verdict, notApplicable);
}

TEST(PolicyHost, isTakenFromACapabilitiesDocument) {
    auto document = xml::CapabilitiesDocument::read(
        "<capabilities><host><cpu><arch>ppc64le</arch><model>POWER12</model><compat source='kvm'>"
        "<mode name='power11' supported='yes'/><mode name='power12' supported='yes'/>"
        "</compat></cpu></host></capabilities>",
        "caps.xml");
    ASSERT_TRUE(document);
    const auto taken = policyHost(*document);
    ASSERT_TRUE(taken);
    EXPECT_EQ(taken->name, "caps.xml");
    EXPECT_EQ(taken->arch, "ppc64le");
    EXPECT_EQ(supportedModes(*taken), (model::ModeSet{11, 12}));
}

TEST(PolicyHost, ofARecordHasTheLibvirtThatWroteTheDocument) {
    const auto hostOf = [](const std::string& model) {
        model::HostRecord record;
        record.host.arch = "ppc64le";
        record.host.model = "POWER11";
        record.compat.known = model::KnownCompat{
            .source = "kvm", .supported = model::ModeSet{9, 10, 11}, .refused = model::ModeSet{8}};
        const auto document =
            xml::CapabilitiesDocument::read("<capabilities><host><cpu><arch>ppc64le</arch>" +
                                                model + "</cpu></host></capabilities>",
                                            "qemu:///system");
        return policyHost(record, *document);
    };
    const PolicyHost knowing = hostOf("<model>POWER11</model>");
    EXPECT_EQ(knowing.name, "qemu:///system");
    EXPECT_EQ(checkDomain(domain(hostModel("power10")), knowing).verdict, compatible);
    // libvirt 11.3 on a Power11 whose KVM supports every mode.
    const CheckAnswer answer = checkDomain(domain(hostModel("power10")), hostOf(""));
    EXPECT_EQ(answer.verdict, incompatible);
    EXPECT_NE(answer.reason.find("does not know its processor"), std::string::npos)
        << answer.reason;
}

} // namespace
} // namespace hostcompat::policy
