// SPDX-License-Identifier: LGPL-2.1-or-later
// The order of the sources, the reasons, the checks, and the record that replays a host.
#include "driver/answer/checks.hpp"
#include "driver/answer/probe_host.hpp"
#include "driver/answer/record.hpp"
#include "driver/answer/resolve.hpp"
#include "driver/kvm/fake_kernel.hpp"

#include <gtest/gtest.h>

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

const model::ModeSet kPower9{9};

TEST(ResolveCompat, believesTheKernelFirst) {
    kvm::KvmAnswer answer = kvmSays(kvm::KvmOutcome::answered);
    answer.bitmap = 0x2000000000000001;
    answer.abi = "merged";
    const model::HostCompat compat = resolveCompat(answer, partition());
    ASSERT_TRUE(compat.known.has_value());
    EXPECT_EQ(compat.known->source, "kvm");
    EXPECT_EQ(compat.known->supported, model::ModeSet{10});
    EXPECT_EQ(compat.known->capabilities, 0x2000000000000001U);
    EXPECT_EQ(compat.known->unknownBits, 1U);
    EXPECT_EQ(compat.known->abi, "merged");
}

TEST(ResolveCompat, takesThePartitionsLevelWhereTheKernelIsSilent) {
    const model::HostCompat compat = resolveCompat(kvmSays(kvm::KvmOutcome::silent), partition());
    ASSERT_TRUE(compat.known.has_value());
    EXPECT_EQ(compat.known->source, "device-tree");
    EXPECT_EQ(compat.known->supported, kPower9);
    EXPECT_FALSE(compat.known->capabilities.has_value());
    const model::HostCompat raw =
        resolveCompat(kvmSays(kvm::KvmOutcome::silent), partition(0x00800200));
    ASSERT_TRUE(raw.known.has_value());
    EXPECT_EQ(raw.known->supported, (model::ModeSet{9, 10}));
}

TEST(ResolveCompat, takesTheProcessorOnPowerNv) {
    const model::HostCompat compat = resolveCompat(kvmSays(kvm::KvmOutcome::silent), powerNv());
    ASSERT_TRUE(compat.known.has_value());
    EXPECT_EQ(compat.known->source, "pvr");
    EXPECT_EQ(compat.known->supported, kPower9);
}

TEST(ResolveCompat, guessesNothingElse) {
    const auto reason = [](const std::optional<kvm::KvmAnswer>& kvm, const host::HostFacts& facts) {
        const model::HostCompat compat = resolveCompat(kvm, facts);
        EXPECT_FALSE(compat.known.has_value());
        return compat.reason;
    };
    const auto silent = kvmSays(kvm::KvmOutcome::silent);
    EXPECT_NE(reason(silent, partition(std::nullopt)).find("no cpu-version is there"),
              std::string::npos);
    EXPECT_NE(reason(silent, partition(0x0f000003)).find("0x0f000003"), std::string::npos);
    EXPECT_NE(reason(silent, powerNv(0x003f0201)).find("0x003f0201"), std::string::npos);
    EXPECT_NE(reason(silent, powerNv(std::nullopt)).find("cannot be read"), std::string::npos);
    host::HostFacts other = partition();
    other.identity.platform = model::Platform::other;
    EXPECT_NE(reason(silent, other).find("neither pSeries nor PowerNV"), std::string::npos);
    EXPECT_NE(reason(std::nullopt, other).find("not IBM POWER"), std::string::npos);
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
    EXPECT_EQ(reason(kvm::KvmOutcome::noModule, ENODEV),
              "/dev/kvm has nothing behind it: No such device (ENODEV); load KVM with 'modprobe "
              "kvm-hv'");
    EXPECT_EQ(
        reason(kvm::KvmOutcome::refused, EINVAL),
        "the kernel refused KVM_CREATE_VM on /dev/kvm: Invalid argument (EINVAL); report this "
        "with the kernel's release (6.12)");
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
          std::pair{kvm::KvmOutcome::noModule, "/dev/kvm has a module behind it"},
          std::pair{kvm::KvmOutcome::noHv, "KVM-HV works"},
          std::pair{kvm::KvmOutcome::refused, "KVM answers"}}) {
        const auto kvm = kvmSays(outcome, EINVAL);
        const auto checks = checkHost(kvm, partition(), resolveCompat(kvm, partition()));
        ASSERT_GE(checks.size(), 2U);
        const model::Check& step = checks[checks.size() - 2];
        EXPECT_EQ(step.name, name);
        EXPECT_EQ(step.result, model::CheckResult::fail);
        EXPECT_FALSE(step.hint.empty());
        EXPECT_EQ(checks.back().result, model::CheckResult::fail);
    }
}

TEST(CheckHost, notesThatThePartitionHidesItsMode) {
    kvm::KvmAnswer kvm = kvmSays(kvm::KvmOutcome::answered);
    kvm.bitmap = 1ULL << 62;
    kvm.abi = "merged";
    const auto checks = checkHost(kvm, partition(), resolveCompat(kvm, partition()));
    EXPECT_EQ(worst(checks), model::CheckResult::note);
    EXPECT_EQ(checks.back().hint, "power9, from kvm");
}

TEST(CheckHost, warnsOfWhatItDoesNotKnow) {
    kvm::KvmAnswer kvm = kvmSays(kvm::KvmOutcome::answered);
    kvm.abi = "v5";
    kvm.bitmap = 1;
    host::HostFacts facts = partition(0x0f000003);
    facts.identity.model.clear();
    auto checks = checkHost(kvm, facts, resolveCompat(kvm, facts));
    EXPECT_EQ(worst(checks), model::CheckResult::warn);
    EXPECT_NE(checks.back().hint.find("0x0000000000000001"), std::string::npos);
    kvm.bitmap = 0;
    facts.identity.pvr.reset();
    facts.identity.platform = model::Platform::other;
    checks = checkHost(kvm, facts, resolveCompat(kvm, facts));
    EXPECT_EQ(checks.back().hint, "the hypervisor grants none");
    const auto notPower = checkHost(std::nullopt, facts, resolveCompat(std::nullopt, facts));
    ASSERT_EQ(notPower.size(), 1U);
    EXPECT_EQ(notPower[0].result, model::CheckResult::fail);
}

TEST(CheckHost, notesWhichFallbackIsUsed) {
    const auto silent = kvmSays(kvm::KvmOutcome::silent);
    for (const host::HostFacts& facts : {partition(), powerNv()}) {
        const auto checks = checkHost(silent, facts, resolveCompat(silent, facts));
        EXPECT_EQ(checks[checks.size() - 2].result, model::CheckResult::note);
        EXPECT_EQ(checks.back().result, model::CheckResult::pass);
    }
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

TEST(ProbeHost, usesTheFallbacksOnRecordedHosts) {
    kvm::FakeKernel silent({.interface = kvm::FakeInterface::none});
    const auto old = probeHost(silent, recordedPlace("power10-linux6.12"));
    ASSERT_TRUE(old.has_value() && old->record.compat.known);
    EXPECT_EQ(old->record.compat.known->source, "device-tree");
    EXPECT_EQ(old->record.compat.known->supported, (model::ModeSet{9, 10}));
    const auto bare = probeHost(silent, recordedPlace("powernv9"));
    ASSERT_TRUE(bare.has_value() && bare->record.compat.known);
    EXPECT_EQ(bare->record.compat.known->source, "pvr");
    EXPECT_EQ(bare->record.compat.known->supported, kPower9);
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
    kvm::FakeKernel missing({.openError = ENOENT});
    std::vector<model::HostRecord> records;
    records.push_back(probeHost(answered, recordedPlace("power10"))->record);
    records.push_back(probeHost(silent, recordedPlace("powernv9"))->record);
    records.push_back(probeHost(missing, recordedPlace("power9"))->record);
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
               "record.json:4: cannot read the host record: it is not JSON"},
        Broken{"top", "virt-host-compat", "other", "record.virt-host-compat is missing"},
        Broken{"version", "\"schema_version\": 1", "\"schema_version\": 2", "schema_version is 2"},
        Broken{"version_type", "\"schema_version\": 1", "\"schema_version\": \"1\"",
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
                 "\"later\": 1, \"modes\": [{\"name\": \"power12\", \"supported\": true},");
    const auto back = parseRecord(json, "x");
    ASSERT_TRUE(back.has_value()) << model::describe(back.error());
    model::HostCompat expected = sampleRecords().front().compat;
    expected.known->supported.insert(12);
    EXPECT_EQ(back->compat, expected);
}

} // namespace
} // namespace hostcompat::answer
