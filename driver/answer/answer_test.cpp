// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests the order of the sources, the reasons for unknown answers, the checks, and replaying a
// host's record.
#include "driver/answer/checks.hpp"
#include "driver/answer/probe_host.hpp"
#include "driver/answer/record.hpp"
#include "driver/answer/resolve.hpp"
#include "driver/kvm/fake_kernel.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

namespace hostcompat::answer {
namespace {

host::HostFacts partition(std::optional<std::uint32_t> cpuVersion = 0x0f000005) {
    host::HostFacts facts;
    facts.identity = {.arch = "ppc64le",
                      .platform = model::Platform::pseries,
                      .pvr = 0x00800200,
                      .model = "POWER10",
                      .effectiveMode = cpuVersion == 0x0f000005U ? "power9" : "",
                      .kernel = "6.12"};
    facts.level = {.cpuVersion = cpuVersion,
                   .problem = cpuVersion ? "" : "no cpu-version is there"};
    facts.hvModule = true;
    return facts;
}

host::HostFacts powerNv(std::optional<std::uint32_t> pvr = 0x004e1202) {
    host::HostFacts facts = partition(pvr);
    facts.identity.platform = model::Platform::powernv;
    facts.identity.pvr = pvr;
    return facts;
}

kvm::KvmAnswer kvmSays(kvm::KvmOutcome outcome, int errorNumber = 0) {
    return {.outcome = outcome,
            .device = "/dev/kvm",
            .call = outcome == kvm::KvmOutcome::refused ? "KVM_CREATE_VM" : "open",
            .errorNumber = errorNumber};
}

kvm::KvmAnswer bitmap(std::uint64_t bits) {
    kvm::KvmAnswer answer = kvmSays(kvm::KvmOutcome::answered);
    answer.bitmap = bits;
    answer.abi = "merged";
    return answer;
}

/// A kernel without the capability, on which a vCPU accepts these modes of the table.
kvm::KvmAnswer takes(model::ModeSet modes, bool hashed = false) {
    kvm::KvmAnswer answer = kvmSays(kvm::KvmOutcome::tried);
    answer.trial.emplace();
    answer.trial->raw = "ok";
    answer.trial->control = "EINVAL";
    answer.trial->hashedPageTable = hashed;
    for (const model::Mode& mode : model::modeTable())
        answer.trial->modes[mode.number] = modes.contains(mode) ? "ok" : "EINVAL";
    return answer;
}

/// A partition with this processor and level.
host::HostFacts partitionOf(const char* model, std::uint32_t pvr, std::uint32_t cpuVersion) {
    host::HostFacts facts = partition(cpuVersion);
    facts.identity.model = model;
    facts.identity.pvr = pvr;
    facts.identity.effectiveMode = std::string(model::findModeByLogicalPvr(cpuVersion)->name);
    return facts;
}

const model::ModeSet kPower9{9};

TEST(ResolveCompat, believesTheKernelFirst) {
    const model::HostCompat compat =
        resolveCompat(bitmap(0x2000000000000001), partition(0x0f000006));
    ASSERT_TRUE(compat.known.has_value());
    EXPECT_EQ(compat.known->source, "kvm");
    EXPECT_EQ(compat.known->supported, model::ModeSet{10});
    EXPECT_EQ(compat.known->refused, (model::ModeSet{8, 9, 11}));
    EXPECT_EQ(compat.known->capabilities, 0x2000000000000001U);
    EXPECT_EQ(compat.known->unknownBits, 1U);
    EXPECT_EQ(compat.known->abi, "merged");
}

TEST(ResolveCompat, takesTheTrialWhereTheKernelDoesNotKnowTheCapability) {
    const auto tried = takes({8, 9});
    const model::HostCompat compat = resolveCompat(tried, partition());
    ASSERT_TRUE(compat.known.has_value());
    EXPECT_EQ(compat.known->source, "trial");
    EXPECT_EQ(compat.known->supported, kPower9);
    EXPECT_EQ(compat.known->refused, (model::ModeSet{8, 10, 11}));
    EXPECT_FALSE(compat.known->capabilities.has_value());
    EXPECT_EQ(compat.trial, tried.trial);
}

// PowerVM's grant as measured on Linux 6.12. It does not contain power9 at any level.
TEST(ResolveCompat, doesNotConcludeThatOlderModesAreGranted) {
    const auto compat =
        resolveCompat(takes({10, 11}), partitionOf("POWER11", 0x00821200, 0x0f000007));
    ASSERT_TRUE(compat.known.has_value());
    EXPECT_EQ(compat.known->supported, (model::ModeSet{10, 11}));
    EXPECT_EQ(compat.known->refused, (model::ModeSet{8, 9}));
}

// Kernels without commit 884ea0283f4e accept power11 on a POWER10.
TEST(ResolveCompat, refusesModesBeyondTheHostsOwnLevelFromEverySource) {
    for (const kvm::KvmAnswer& kvm : {takes({9, 10, 11}), bitmap(7ULL << 60)}) {
        const auto compat = resolveCompat(kvm, partition(0x0f000006));
        ASSERT_TRUE(compat.known.has_value());
        EXPECT_EQ(compat.known->supported, (model::ModeSet{9, 10}));
        EXPECT_EQ(compat.known->refused, (model::ModeSet{8, 11}));
    }
    const auto bare = resolveCompat(takes({8, 9, 10, 11}, true), powerNv(0x00801200));
    EXPECT_EQ(bare.known->supported, (model::ModeSet{8, 9, 10}));
}

TEST(ResolveCompat, asksForTheHashedPageTableOnPowerNv) {
    EXPECT_EQ(resolveCompat(takes({8, 9}, true), powerNv()).known->supported,
              (model::ModeSet{8, 9}));
    const auto without = resolveCompat(takes({8, 9}, false), powerNv());
    EXPECT_EQ(without.known->supported, kPower9);
    EXPECT_EQ(without.known->refused, (model::ModeSet{8, 10, 11}));
    // The capability for the hashed page table needs ISA 3.0. A POWER8 has no other page table.
    EXPECT_EQ(resolveCompat(takes({8}, false), powerNv(0x004d0200)).known->supported,
              model::ModeSet{8});
    // The bitmap has no bit for power8, and this host was not asked about the hashed page table.
    const auto silent = resolveCompat(bitmap(1ULL << 62), powerNv());
    EXPECT_EQ(silent.known->supported | silent.known->refused, (model::ModeSet{9, 10, 11}));
}

TEST(ResolveCompat, knowsNothingWhereTheLevelIsNotKnown) {
    for (const kvm::KvmAnswer& kvm : {takes({9, 10}), bitmap(3ULL << 61)}) {
        const auto reason = [&](const host::HostFacts& facts) {
            const model::HostCompat compat = resolveCompat(kvm, facts);
            EXPECT_FALSE(compat.known.has_value());
            EXPECT_EQ(compat.trial, kvm.trial);
            return compat.reason;
        };
        EXPECT_EQ(
            reason(partition(std::nullopt)),
            "the mode that the host itself runs in is not known, and KVM may accept newer ones: "
            "no cpu-version is there");
        EXPECT_NE(reason(partition(0x0f000003)).find("0x0f000003"), std::string::npos);
        EXPECT_NE(reason(partition(0x0f000007)).find("newer than the processor"),
                  std::string::npos);
        EXPECT_NE(reason(powerNv(0x003f0201)).find("0x003f0201"), std::string::npos);
        EXPECT_NE(reason(powerNv(std::nullopt)).find("nor the device tree"), std::string::npos);
    }
}

TEST(ResolveCompat, believesNoKernelThatTakesOrRefusesEverything) {
    kvm::KvmAnswer everything = takes({8, 9, 10, 11});
    everything.trial->control = "ok";
    EXPECT_EQ(
        resolveCompat(everything, partition()).reason,
        "KVM accepts every logical PVR on a vCPU, even 0x0f0000ff, which no processor has, so "
        "its answers cannot be used; report this with the kernel's release "
        "(6.12)");
    kvm::KvmAnswer nothing = takes({});
    nothing.trial->raw = "EINVAL";
    const auto compat = resolveCompat(nothing, partition());
    EXPECT_EQ(
        compat.reason,
        "KVM refuses every logical PVR on a vCPU, even 0 (the processor's own), so its answers "
        "cannot be used; report this with the kernel's release (6.12)");
    EXPECT_EQ(compat.trial, nothing.trial);
}

TEST(ResolveCompat, doesNotTakeAnUnknownPlatformForBareMetal) {
    host::HostFacts other = partition();
    other.identity.platform = model::Platform::other;
    const auto compat = resolveCompat(takes({8, 9}, true), other);
    ASSERT_TRUE(compat.known.has_value());
    EXPECT_EQ(compat.known->supported, kPower9);
    EXPECT_EQ(compat.known->refused, (model::ModeSet{10, 11}));
    EXPECT_NE(resolveCompat(std::nullopt, other).reason.find("not IBM POWER"), std::string::npos);
}

TEST(ResolveCompat, saysWhatToDoForEachOutcome) {
    host::HostFacts facts = partition();
    facts.hvModule = false;
    const auto reason = [&](kvm::KvmOutcome outcome, int errorNumber) {
        return resolveCompat(kvmSays(outcome, errorNumber), facts).reason;
    };
    EXPECT_EQ(
        reason(kvm::KvmOutcome::noDevice, ENOENT),
        "/dev/kvm does not exist: No such file or directory (ENOENT); load KVM with 'modprobe "
        "kvm-hv'");
    EXPECT_EQ(
        reason(kvm::KvmOutcome::noPermission, EACCES),
        "/dev/kvm may not be opened: Permission denied (EACCES); run as root or join the group "
        "kvm");
    EXPECT_EQ(
        reason(kvm::KvmOutcome::noModule, ENODEV),
        "/dev/kvm cannot be opened because no KVM module is loaded: No such device (ENODEV); load "
        "KVM with 'modprobe "
        "kvm-hv'");
    EXPECT_EQ(
        reason(kvm::KvmOutcome::refused, EINVAL),
        "the kernel refused KVM_CREATE_VM on /dev/kvm: Invalid argument (EINVAL); report this "
        "with the kernel's release (6.12)");
    EXPECT_EQ(reason(kvm::KvmOutcome::refused, EPERM),
              "the hypervisor does not let this partition do KVM_CREATE_VM on /dev/kvm: Operation "
              "not permitted (EPERM); allow KVM in the partition's profile");
    EXPECT_EQ(reason(kvm::KvmOutcome::refused, EBUSY),
              "KVM_CREATE_VM on /dev/kvm cannot be done now: Device or resource busy (EBUSY); try "
              "again later");
    EXPECT_NE(reason(kvm::KvmOutcome::noHv, 0).find("does not allow this partition"),
              std::string::npos);
    facts.identity.platform = model::Platform::powernv;
    EXPECT_EQ(reason(kvm::KvmOutcome::noHv, 0),
              "/dev/kvm works without KVM-HV; load it with 'modprobe kvm-hv'");
    facts.hvModule = true;
    EXPECT_NE(reason(kvm::KvmOutcome::noHv, 0).find("kvm_hv is loaded"), std::string::npos);
}

model::CheckResult worst(const std::vector<model::Check>& checks) {
    std::set<model::CheckResult> results;
    for (const model::Check& check : checks)
        results.insert(check.result);
    for (const model::CheckResult result :
         {model::CheckResult::fail, model::CheckResult::warn, model::CheckResult::note})
        if (results.contains(result))
            return result;
    return model::CheckResult::pass;
}

TEST(CheckHost, endsWithTheStepThatFailed) {
    for (const auto& [outcome, name] :
         {std::pair{kvm::KvmOutcome::noDevice, "/dev/kvm exists"},
          std::pair{kvm::KvmOutcome::noPermission, "/dev/kvm may be opened"},
          std::pair{kvm::KvmOutcome::noModule, "a KVM module is loaded"},
          std::pair{kvm::KvmOutcome::noHv, "KVM-HV works"},
          std::pair{kvm::KvmOutcome::refused, "KVM answers"}}) {
        const auto kvm = kvmSays(outcome, EINVAL);
        host::HostFacts facts = partition();
        facts.identity.platform = model::Platform::other;
        const auto checks = checkHost(kvm, facts, resolveCompat(kvm, facts));
        const auto step =
            std::ranges::find(checks, model::CheckResult::fail, &model::Check::result);
        ASSERT_NE(step, checks.end());
        EXPECT_EQ(step->name, name);
        EXPECT_FALSE(step->hint.empty());
        // The checks that depend on it are skipped, except for the last one.
        EXPECT_TRUE(std::all_of(step + 1, checks.end() - 1, [](const model::Check& check) {
            return check.result == model::CheckResult::skip;
        }));
        EXPECT_EQ(checks[checks.size() - 2].name, "the kernel reports the modes");
        EXPECT_EQ(checks.back().result, model::CheckResult::fail);
    }
}

TEST(CheckHost, notesThatThePartitionHidesItsMode) {
    const auto kvm = bitmap(1ULL << 62);
    const auto checks = checkHost(kvm, partition(), resolveCompat(kvm, partition()));
    EXPECT_EQ(worst(checks), model::CheckResult::note);
    EXPECT_EQ(checks.back().hint, "power9, from kvm");
}

/// The check of that name, or a check that says that it is missing.
model::Check named(const std::vector<model::Check>& checks, std::string_view name) {
    for (const model::Check& check : checks)
        if (check.name == name)
            return check;
    return {.name = "there is no such check"};
}

constexpr std::string_view kOwnMode = "the partition runs in its processor's own mode";

TEST(CheckHost, saysWhyThePartitionRunsInAnOlderMode) {
    const auto hint = [](host::HostFacts facts, const char* basePlatform) {
        facts.identity.basePlatform = basePlatform;
        const auto check =
            named(checkHost(takes({9}), facts, resolveCompat(takes({9}), facts)), kOwnMode);
        EXPECT_EQ(check.result,
                  check.hint.empty() ? model::CheckResult::pass : model::CheckResult::note);
        return check.hint;
    };
    const auto power11 = partitionOf("POWER11", 0x00821200, 0x0f000006);
    EXPECT_EQ(hint(power11, "power11"),
              "it runs as power10 while libvirt reports the model POWER11: the partition's "
              "profile, or the hypervisor, allows no newer mode");
    EXPECT_EQ(hint(power11, "power5"),
              "it runs as power10 while libvirt reports the model POWER11: this kernel does not "
              "know the processor POWER11; a newer one would run in power11 mode where the "
              "partition's profile allows it");
    EXPECT_NE(hint(partitionOf("POWER9", 0x004e1200, 0x0f000004), "power9").find("runs as power8"),
              std::string::npos);
    EXPECT_EQ(hint(partitionOf("POWER11", 0x00821200, 0x0f000007), "power11"), "");
}

TEST(CheckHost, saysWhetherTheTrialAgrees) {
    constexpr std::string_view name = "KVM accepts the modes that it reports";
    const auto check = [&](model::ModeSet taken, const char* failure = "") {
        kvm::KvmAnswer kvm = bitmap(3ULL << 61);
        kvm.trial = takes(taken).trial;
        kvm.trial->failure = failure;
        const auto facts = partition(0x0f000006);
        return named(checkHost(kvm, facts, resolveCompat(kvm, facts)), name);
    };
    EXPECT_EQ(check({8, 9, 10, 11}).result, model::CheckResult::pass);
    EXPECT_EQ(check({9}).result, model::CheckResult::warn);
    EXPECT_EQ(check({9}).hint,
              "accepted although not in the bitmap: none; refused although in the bitmap: power10");
    EXPECT_EQ(check({9, 10}, "KVM_CREATE_VCPU: EPERM").hint,
              "the trial ended early: KVM_CREATE_VCPU: EPERM");
    kvm::KvmAnswer less = bitmap(1ULL << 61);
    less.trial = takes({9, 10}).trial;
    EXPECT_EQ(
        named(checkHost(less, partition(0x0f000006), resolveCompat(less, partition(0x0f000006))),
              name)
            .hint,
        "accepted although not in the bitmap: power9; refused although in the bitmap: none");
    less.trial->control = "ok";
    EXPECT_EQ(
        named(checkHost(less, partition(0x0f000006), resolveCompat(less, partition(0x0f000006))),
              name)
            .result,
        model::CheckResult::warn);
}

TEST(CheckHost, warnsOfWhatItDoesNotKnow) {
    kvm::KvmAnswer kvm = bitmap(1ULL << 62 | 1);
    kvm.abi = "v5";
    host::HostFacts facts = partition();
    facts.identity.model.clear();
    auto checks = checkHost(kvm, facts, resolveCompat(kvm, facts));
    EXPECT_EQ(worst(checks), model::CheckResult::warn);
    EXPECT_NE(checks.back().hint.find("0x0000000000000001"), std::string::npos);
    kvm.bitmap = 0;
    facts.identity.pvr.reset();
    facts.identity.platform = model::Platform::other;
    checks = checkHost(kvm, facts, resolveCompat(kvm, facts));
    EXPECT_EQ(checks.back().hint, "KVM supports none");
    const auto notPower = checkHost(std::nullopt, facts, resolveCompat(std::nullopt, facts));
    ASSERT_EQ(notPower.size(), 2U);
    EXPECT_EQ(notPower[0].result, model::CheckResult::fail);
    EXPECT_EQ(notPower[1].result, model::CheckResult::skip);
}

TEST(CheckHost, notesThatEachModeWasTried) {
    const auto tried = takes({9});
    for (const host::HostFacts& facts : {partition(), powerNv()}) {
        const auto checks = checkHost(tried, facts, resolveCompat(tried, facts));
        EXPECT_EQ(named(checks, "the kernel reports the modes").result, model::CheckResult::note);
        EXPECT_EQ(checks.back().result, model::CheckResult::pass);
    }
}

TEST(CheckHost, saysWhichNestedApiThereIs) {
    host::HostFacts facts = partition();
    const auto check = [&] {
        return named(checkHost(takes({9}), facts, resolveCompat(takes({9}), facts)),
                     "the nested API is known");
    };
    EXPECT_EQ(check().result, model::CheckResult::note);
    facts.nestedOption = false;
    EXPECT_NE(check().hint.find("option nested"), std::string::npos);
    facts.identity.nestedApi = model::NestedApi::v2;
    EXPECT_EQ(check().hint, "v2");
}

HostPlace recordedPlace(const std::string& host) {
    return {.root = std::filesystem::path(SOURCE_ROOT) / "xml-tests/records" / host / "root",
            .names = {.machine = "ppc64le", .release = "7.3"},
            .device = "/dev/kvm"};
}

TEST(ProbeHost, putsKvmAndARecordedHostTogether) {
    kvm::FakeKernel kernel;
    HostPlace place = recordedPlace("power10-as-power9");
    place.topology = true;
    const auto host = probeHost(kernel, place);
    ASSERT_TRUE(host.has_value());
    EXPECT_EQ(host->record.compat.known->supported, kPower9);
    EXPECT_EQ(host->record.host.effectiveMode, "power9");
    EXPECT_EQ(host->record.host.model, "POWER10");
    EXPECT_EQ(host->nodes.size(), 1U);
    EXPECT_EQ(kernel.openDescriptors(), 0U);
}

TEST(ProbeHost, readsTheTopologyOnlyWhereItIsWanted) {
    kvm::FakeKernel kernel;
    const auto host = probeHost(kernel, recordedPlace("power10-numa"));
    ASSERT_TRUE(host.has_value());
    EXPECT_TRUE(host->nodes.empty());
}

TEST(ProbeHost, triesOnRecordedHosts) {
    kvm::FakeKernel silent({.interface = kvm::FakeInterface::none, .level = 10});
    const auto old = probeHost(silent, recordedPlace("power10-linux6.12"));
    ASSERT_TRUE(old.has_value() && old->record.compat.known);
    EXPECT_EQ(old->record.compat.known->source, "trial");
    EXPECT_EQ(old->record.compat.known->supported, (model::ModeSet{9, 10}));
    EXPECT_EQ(old->record.host.nestedApi, model::NestedApi::v1);
    const auto bare = probeHost(silent, recordedPlace("powernv9"));
    ASSERT_TRUE(bare.has_value() && bare->record.compat.known);
    EXPECT_EQ(bare->record.compat.known->supported, kPower9);
    EXPECT_EQ(bare->record.host.nestedApi, model::NestedApi::none);
}

TEST(ProbeHost, triesBesideABitmapOnlyWhereThatIsWanted) {
    kvm::FakeKernel kernel;
    HostPlace place = recordedPlace("power10-as-power9");
    const auto plain = probeHost(kernel, place);
    ASSERT_TRUE(plain.has_value());
    EXPECT_FALSE(plain->record.compat.trial.has_value());
    place.alwaysTry = true;
    const auto both = probeHost(kernel, place);
    ASSERT_TRUE(both.has_value());
    ASSERT_TRUE(both->record.compat.trial.has_value());
    EXPECT_EQ(both->record.compat.known, plain->record.compat.known);
    EXPECT_EQ(named(both->record.checks, "KVM accepts the modes that it reports").result,
              model::CheckResult::pass);
}

TEST(ProbeHost, tellsTheNestedApi) {
    kvm::FakeKernel v2({.nestedHv = 0});
    const auto host = probeHost(v2, recordedPlace("power10-as-power9"));
    ASSERT_TRUE(host.has_value());
    EXPECT_EQ(host->record.host.nestedApi, model::NestedApi::v2);
    kvm::FakeKernel withoutHv({.offersCapability = false, .hasHv = false});
    const auto none = probeHost(withoutHv, recordedPlace("power10-as-power9"));
    ASSERT_TRUE(none.has_value());
    EXPECT_EQ(none->record.host.nestedApi, std::nullopt);
}

TEST(ProbeHost, doesNotAskKvmOnOtherArchitectures) {
    kvm::FakeKernel kernel;
    HostPlace place = recordedPlace("power10");
    place.names.machine = "x86_64";
    const auto host = probeHost(kernel, place);
    ASSERT_TRUE(host.has_value());
    EXPECT_FALSE(host->record.compat.known.has_value());
    EXPECT_TRUE(kernel.calls().empty());
}

TEST(ProbeHost, handsOnThatTheSystemFailed) {
    kvm::FakeKernel kernel({.openError = EMFILE});
    const auto host = probeHost(kernel, recordedPlace("power10"));
    ASSERT_FALSE(host.has_value());
    EXPECT_EQ(model::describe(host.error()),
              "cannot ask KVM: open on /dev/kvm: Too many open files (EMFILE); "
              "free the resource and try again");
}

std::vector<model::HostRecord> sampleRecords() {
    kvm::FakeKernel answered({.bitmap = 0x6000000000000001});
    kvm::FakeKernel silent({.interface = kvm::FakeInterface::none});
    kvm::FakeKernel forbidden({.interface = kvm::FakeInterface::none});
    forbidden.failCall(9, EPERM);
    kvm::FakeKernel missing({.openError = ENOENT});
    std::vector<model::HostRecord> records;
    records.push_back(probeHost(answered, recordedPlace("power10"))->record);
    records.push_back(probeHost(silent, recordedPlace("powernv9"))->record);
    records.push_back(probeHost(missing, recordedPlace("power9"))->record);
    records.push_back(probeHost(forbidden, recordedPlace("power9"))->record);
    records.push_back({.host = {.arch = "x86_64", .kernel = "6.1"}, .compat = {.reason = "no"}});
    return records;
}

TEST(Record, comesBackAsItWent) {
    for (const model::HostRecord& record : sampleRecords()) {
        const std::string json = writeRecord(record);
        const auto back = parseRecord(json, "record.json");
        ASSERT_TRUE(back.has_value()) << model::describe(back.error());
        EXPECT_EQ(*back, record) << json;
    }
}

TEST(Record, survivesBytesThatAreNotText) {
    const std::string json =
        writeRecord({.host = {.arch = "x\xff", .kernel = "\x01"}, .compat = {.reason = "\"\n"}});
    const auto back = parseRecord(json, "record.json");
    ASSERT_TRUE(back.has_value()) << model::describe(back.error());
    EXPECT_EQ(back->host.arch, "x\xef\xbf\xbd");
}

struct Broken {
    const char* name;
    const char* from;
    const char* to;
    const char* message;
};

class BrokenRecord : public testing::TestWithParam<Broken> {};

TEST_P(BrokenRecord, isRefusedWithTheKey) {
    std::string json = writeRecord(sampleRecords().front());
    const std::string from = GetParam().from;
    const auto at = json.find(from);
    ASSERT_NE(at, std::string::npos) << json;
    json.replace(at, from.size(), GetParam().to);
    const auto back = parseRecord(json, "record.json");
    ASSERT_FALSE(back.has_value());
    EXPECT_EQ(back.error().kind, ErrorKind::input);
    const std::string text = model::describe(back.error());
    EXPECT_NE(text.find(GetParam().message), std::string::npos) << text;
    EXPECT_NE(text.find("record.json"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(
    Defects, BrokenRecord,
    testing::Values(
        Broken{"json", "\"host\"", "host",
               "record.json:5: cannot read the host record: it is not JSON"},
        Broken{"top", "virt-host-compat", "other", "record.virt-host-compat is missing"},
        Broken{"version", "\"schema_version\": 2", "\"schema_version\": 3", "schema_version is 3"},
        Broken{"version_type", "\"schema_version\": 2", "\"schema_version\": \"1\"",
               "schema_version"},
        Broken{"arch", "\"ppc64le\"", "7", "host.arch is not a string"},
        Broken{"platform", "\"pseries\"", "\"zseries\"", "host.platform is none of"},
        Broken{"pvr", "0x00800200", "0x0080020g", "host.pvr is not a hexadecimal number"},
        Broken{"pvr_long", "0x00800200", "0x000800200", "host.pvr is not a hexadecimal number"},
        Broken{"status", "\"known\"", "\"maybe\"", "compat.status is neither"},
        Broken{"source", "\"kvm\"", "\"\"", "compat.source is empty"},
        Broken{"twice", "\"power9\"", "\"power8\"", "compat.modes[1].name is that of an earlier"},
        Broken{"supported", "\"supported\": true", "\"supported\": \"yes\"",
               "compat.modes[1].supported is neither true nor false"},
        Broken{"no_bitmap", "\"0x6000000000000001\"", "null", "compat.capabilities is missing"},
        Broken{"modes", "\"modes\": [", "\"modes\": 1, \"m\": [", "compat.modes is not an array"},
        Broken{"nested_api", "\"nested_api\": \"v1\"", "\"nested_api\": \"v9\"",
               "host.nested_api is none of none, v1 and v2"},
        Broken{"page_size", "\"page_size\": null", "\"page_size\": \"4k\"",
               "host.page_size is not a number"},
        Broken{"trial", "\"trial\": null", "\"trial\": 7", "compat.trial is not an object"},
        Broken{"trial_modes", "\"trial\": null",
               "\"trial\": {\"raw\": null, \"control\": null, \"hashed_page_table\": false, "
               "\"failure\": null, \"modes\": {\"power9\": 0}}",
               "compat.trial.modes.power9 is not a string"},
        Broken{"result", "\"PASS\"", "\"GOOD\"", "checks[0].result is none of"}),
    [](const auto& chosen) { return std::string(chosen.param.name); });

TEST(BrokenRecord, isRefusedWhereItIsNoRecordAtAll) {
    for (const char* json : {"", "[]", "1", "{\"virt-host-compat\":[]}", "null", "{", "\xff\xfe"})
        EXPECT_FALSE(parseRecord(json, "x").has_value()) << json;
    const std::string deep(200000, '[');
    EXPECT_FALSE(parseRecord(deep, "x").has_value());
}

TEST(Record, ofANewerVersionIsReadAsFarAsItIsKnown) {
    std::string json = writeRecord(sampleRecords().front());
    json.replace(json.find("\"modes\": ["), 10,
                 "\"later\": 1, \"modes\": [{\"name\": \"power12\", \"supported\": false},");
    const auto back = parseRecord(json, "x");
    ASSERT_TRUE(back.has_value()) << model::describe(back.error());
    model::HostCompat expected = sampleRecords().front().compat;
    expected.known->refused.insert(12);
    EXPECT_EQ(back->compat, expected);
}

// A record as version 1 of the schema had it: without nested_api, base_platform and trial.
std::string recordOfVersion1(const std::string& source, const std::string& modes) {
    return R"({"virt-host-compat": {"schema_version": 1, "host": {"arch": "ppc64le",
        "platform": "pseries", "pvr": "0x00800200", "model": "POWER10", "effective_mode": "power9",
        "kernel": "6.12"}, "compat": {"status": "known", "source": ")" +
           source + R"(", "modes": [)" + modes + R"(], "capabilities": )" +
           (source == "kvm" ? "\"0x4000000000000000\"" : "null") +
           R"(, "unknown_bits": null, "abi": null, "reason": null}, "checks": []}})";
}

constexpr const char* kModesOfVersion1 = R"({"name": "power9", "supported": true},
    {"name": "power10", "supported": false}, {"name": "power11", "supported": false})";

TEST(Record, ofVersion1IsRead) {
    const auto record = parseRecord(recordOfVersion1("kvm", kModesOfVersion1), "old.json");
    ASSERT_TRUE(record.has_value()) << model::describe(record.error());
    EXPECT_EQ(record->compat.known->supported, kPower9);
    EXPECT_EQ(record->compat.known->refused, (model::ModeSet{10, 11}));
    EXPECT_EQ(record->host.nestedApi, std::nullopt);
    EXPECT_FALSE(record->compat.trial.has_value());
}

TEST(Record, supportsNothingBeyondItsHost) {
    model::HostRecord record;
    record.host.arch = "ppc64le";
    record.compat.known = model::KnownCompat{
        .source = "trial", .supported = {9, 10, 11}, .refused = {8}, .capabilities = {}, .abi = {}};
    const auto read = [&](const char* model, const char* mode) {
        record.host.model = model;
        record.host.effectiveMode = mode;
        return *parseRecord(writeRecord(record), "r.json")->compat.known;
    };
    EXPECT_EQ(read("POWER10", "").supported, (model::ModeSet{9, 10}));
    EXPECT_EQ(read("POWER10", "").refused, (model::ModeSet{8, 11}));
    EXPECT_EQ(read("POWER11", "power10").supported, (model::ModeSet{9, 10}));
    EXPECT_EQ(read("POWER11", "power9").supported, (model::ModeSet{9}));
    EXPECT_EQ(read("", "").supported, (model::ModeSet{9, 10, 11}));
}

TEST(Record, ofASourceThatIsNotBelievedSaysNoAlone) {
    for (const std::string source : {"device-tree", "pvr"}) {
        const auto record = parseRecord(recordOfVersion1(source, kModesOfVersion1), "old.json");
        ASSERT_TRUE(record.has_value() && record->compat.known);
        EXPECT_EQ(record->compat.known->source, source);
        EXPECT_TRUE(record->compat.known->supported.empty());
        EXPECT_EQ(record->compat.known->refused, (model::ModeSet{10, 11}));
        const auto onlyYes = parseRecord(
            recordOfVersion1(source, R"({"name": "power9", "supported": true})"), "old.json");
        ASSERT_TRUE(onlyYes.has_value());
        EXPECT_FALSE(onlyYes->compat.known.has_value());
        EXPECT_NE(onlyYes->compat.reason.find("ask the host again"), std::string::npos);
    }
}

} // namespace
} // namespace hostcompat::answer
