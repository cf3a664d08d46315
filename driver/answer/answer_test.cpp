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

namespace hostcompat {
namespace {

HostFacts partition(std::optional<std::uint32_t> cpuVersion = 0x0f000005) {
    HostFacts facts;
    facts.identity = {.arch = "ppc64le",
                      .platform = Platform::pseries,
                      .pvr = 0x00800200,
                      .model = "POWER10",
                      .effectiveMode = cpuVersion == 0x0f000005U ? "power9" : "",
                      .kernel = "6.12"};
    facts.level = {.cpuVersion = cpuVersion,
                   .problem = cpuVersion ? "" : "no cpu-version is there"};
    facts.hvModule = true;
    return facts;
}

HostFacts powerNv(std::optional<std::uint32_t> pvr = 0x004e1202) {
    HostFacts facts = partition(pvr);
    facts.identity.platform = Platform::powernv;
    facts.identity.pvr = pvr;
    return facts;
}

KvmAnswer kvmSays(KvmOutcome outcome, int errorNumber = 0) {
    return {.outcome = outcome,
            .device = "/dev/kvm",
            .call = outcome == KvmOutcome::refused ? "KVM_CREATE_VM" : "open",
            .errorNumber = errorNumber};
}

const ModeSet kPower9(1ULL << 62);

TEST(ResolveCompat, believesTheKernelFirst) {
    KvmAnswer answer = kvmSays(KvmOutcome::answered);
    answer.bitmap = 0x2000000000000001;
    answer.abi = "merged";
    const HostCompat compat = resolveCompat(answer, partition());
    ASSERT_TRUE(compat.known.has_value());
    EXPECT_EQ(compat.known->source, CompatSource::kvm);
    EXPECT_EQ(compat.known->supported, ModeSet(0x2000000000000000));
    EXPECT_EQ(compat.known->capabilities, 0x2000000000000001U);
    EXPECT_EQ(compat.known->unknownBits, 1U);
    EXPECT_EQ(compat.known->abi, "merged");
}

TEST(ResolveCompat, takesThePartitionsLevelWhereTheKernelIsSilent) {
    const HostCompat compat = resolveCompat(kvmSays(KvmOutcome::silent), partition());
    ASSERT_TRUE(compat.known.has_value());
    EXPECT_EQ(compat.known->source, CompatSource::deviceTree);
    EXPECT_EQ(compat.known->supported, kPower9);
    EXPECT_FALSE(compat.known->capabilities.has_value());
    const HostCompat raw = resolveCompat(kvmSays(KvmOutcome::silent), partition(0x00800200));
    ASSERT_TRUE(raw.known.has_value());
    EXPECT_EQ(raw.known->supported, ModeSet(0x6000000000000000));
}

TEST(ResolveCompat, takesTheProcessorOnPowerNv) {
    const HostCompat compat = resolveCompat(kvmSays(KvmOutcome::silent), powerNv());
    ASSERT_TRUE(compat.known.has_value());
    EXPECT_EQ(compat.known->source, CompatSource::pvr);
    EXPECT_EQ(compat.known->supported, kPower9);
}

TEST(ResolveCompat, guessesNothingElse) {
    const auto reason = [](const std::optional<KvmAnswer>& kvm, const HostFacts& facts) {
        const HostCompat compat = resolveCompat(kvm, facts);
        EXPECT_FALSE(compat.known.has_value());
        return compat.reason;
    };
    const auto silent = kvmSays(KvmOutcome::silent);
    EXPECT_NE(reason(silent, partition(std::nullopt)).find("no cpu-version is there"),
              std::string::npos);
    EXPECT_NE(reason(silent, partition(0x0f000004)).find("0x0f000004"), std::string::npos);
    EXPECT_NE(reason(silent, powerNv(0x004b0201)).find("0x004b0201"), std::string::npos);
    EXPECT_NE(reason(silent, powerNv(std::nullopt)).find("cannot be read"), std::string::npos);
    HostFacts other = partition();
    other.identity.platform = Platform::other;
    EXPECT_NE(reason(silent, other).find("neither pSeries nor PowerNV"), std::string::npos);
    EXPECT_NE(reason(std::nullopt, other).find("not IBM POWER"), std::string::npos);
}

TEST(ResolveCompat, saysWhatToDoForEachOutcome) {
    HostFacts facts = partition();
    facts.hvModule = false;
    const auto reason = [&](KvmOutcome outcome, int errorNumber) {
        return resolveCompat(kvmSays(outcome, errorNumber), facts).reason;
    };
    EXPECT_EQ(
        reason(KvmOutcome::noDevice, ENOENT),
        "/dev/kvm does not exist: No such file or directory (ENOENT); load KVM with 'modprobe "
        "kvm-hv'");
    EXPECT_EQ(
        reason(KvmOutcome::noPermission, EACCES),
        "/dev/kvm may not be opened: Permission denied (EACCES); run as root or join the group "
        "kvm");
    EXPECT_EQ(reason(KvmOutcome::noModule, ENODEV),
              "/dev/kvm has nothing behind it: No such device (ENODEV); load KVM with 'modprobe "
              "kvm-hv'");
    EXPECT_EQ(
        reason(KvmOutcome::refused, EINVAL),
        "the kernel refused KVM_CREATE_VM on /dev/kvm: Invalid argument (EINVAL); report this "
        "with the kernel's release (6.12)");
    EXPECT_NE(reason(KvmOutcome::noHv, 0).find("does not allow this partition"), std::string::npos);
    facts.identity.platform = Platform::powernv;
    EXPECT_EQ(reason(KvmOutcome::noHv, 0),
              "/dev/kvm works without KVM-HV; load it with 'modprobe kvm-hv'");
    facts.hvModule = true;
    EXPECT_NE(reason(KvmOutcome::noHv, 0).find("kvm_hv is loaded"), std::string::npos);
}

CheckResult worst(const std::vector<Check>& checks) {
    std::set<CheckResult> results;
    for (const Check& check : checks)
        results.insert(check.result);
    for (const CheckResult result : {CheckResult::fail, CheckResult::warn, CheckResult::note})
        if (results.contains(result))
            return result;
    return CheckResult::pass;
}

TEST(CheckHost, endsWithTheStepThatFailed) {
    for (const auto& [outcome, name] :
         {std::pair{KvmOutcome::noDevice, "/dev/kvm exists"},
          std::pair{KvmOutcome::noPermission, "/dev/kvm may be opened"},
          std::pair{KvmOutcome::noModule, "/dev/kvm has a module behind it"},
          std::pair{KvmOutcome::noHv, "KVM-HV works"},
          std::pair{KvmOutcome::refused, "KVM answers"}}) {
        const auto kvm = kvmSays(outcome, EINVAL);
        const auto checks = checkHost(kvm, partition(), resolveCompat(kvm, partition()));
        ASSERT_GE(checks.size(), 2U);
        const Check& step = checks[checks.size() - 2];
        EXPECT_EQ(step.name, name);
        EXPECT_EQ(step.result, CheckResult::fail);
        EXPECT_FALSE(step.hint.empty());
        EXPECT_EQ(checks.back().result, CheckResult::fail);
    }
}

TEST(CheckHost, notesThatThePartitionHidesItsMode) {
    KvmAnswer kvm = kvmSays(KvmOutcome::answered);
    kvm.bitmap = 1ULL << 62;
    kvm.abi = "merged";
    const auto checks = checkHost(kvm, partition(), resolveCompat(kvm, partition()));
    EXPECT_EQ(worst(checks), CheckResult::note);
    EXPECT_EQ(checks.back().hint, "power9, from kvm");
}

TEST(CheckHost, warnsOfWhatItDoesNotKnow) {
    KvmAnswer kvm = kvmSays(KvmOutcome::answered);
    kvm.abi = "v5";
    kvm.bitmap = 1;
    HostFacts facts = partition(0x0f000004);
    facts.identity.model.clear();
    auto checks = checkHost(kvm, facts, resolveCompat(kvm, facts));
    EXPECT_EQ(worst(checks), CheckResult::warn);
    EXPECT_NE(checks.back().hint.find("0x0000000000000001"), std::string::npos);
    kvm.bitmap = 0;
    facts.identity.pvr.reset();
    facts.identity.platform = Platform::other;
    checks = checkHost(kvm, facts, resolveCompat(kvm, facts));
    EXPECT_EQ(checks.back().hint, "the hypervisor grants none");
    const auto notPower = checkHost(std::nullopt, facts, resolveCompat(std::nullopt, facts));
    ASSERT_EQ(notPower.size(), 1U);
    EXPECT_EQ(notPower[0].result, CheckResult::fail);
}

TEST(CheckHost, notesWhichFallbackIsUsed) {
    const auto silent = kvmSays(KvmOutcome::silent);
    for (const HostFacts& facts : {partition(), powerNv()}) {
        const auto checks = checkHost(silent, facts, resolveCompat(silent, facts));
        EXPECT_EQ(checks[checks.size() - 2].result, CheckResult::note);
        EXPECT_EQ(checks.back().result, CheckResult::pass);
    }
}

HostPlace recordedPlace(const std::string& host) {
    return {.root = std::filesystem::path(SOURCE_ROOT) / "xml-tests/records" / host / "root",
            .names = {.machine = "ppc64le", .release = "7.3"},
            .device = "/dev/kvm"};
}

TEST(ProbeHost, putsKvmAndARecordedHostTogether) {
    FakeKernel kernel;
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
    FakeKernel kernel;
    const auto host = probeHost(kernel, recordedPlace("power10-numa"));
    ASSERT_TRUE(host.has_value());
    EXPECT_TRUE(host->nodes.empty());
}

TEST(ProbeHost, usesTheFallbacksOnRecordedHosts) {
    FakeKernel silent({.interface = FakeInterface::none});
    const auto old = probeHost(silent, recordedPlace("power10-linux6.12"));
    ASSERT_TRUE(old.has_value() && old->record.compat.known);
    EXPECT_EQ(old->record.compat.known->source, CompatSource::deviceTree);
    EXPECT_EQ(old->record.compat.known->supported.bits(), 0x6000000000000000U);
    const auto bare = probeHost(silent, recordedPlace("powernv9"));
    ASSERT_TRUE(bare.has_value() && bare->record.compat.known);
    EXPECT_EQ(bare->record.compat.known->source, CompatSource::pvr);
    EXPECT_EQ(bare->record.compat.known->supported, kPower9);
}

TEST(ProbeHost, doesNotAskKvmOnOtherArchitectures) {
    FakeKernel kernel;
    HostPlace place = recordedPlace("power10");
    place.names.machine = "x86_64";
    const auto host = probeHost(kernel, place);
    ASSERT_TRUE(host.has_value());
    EXPECT_FALSE(host->record.compat.known.has_value());
    EXPECT_TRUE(kernel.calls().empty());
}

TEST(ProbeHost, handsOnThatTheSystemFailed) {
    FakeKernel kernel({.openError = EMFILE});
    const auto host = probeHost(kernel, recordedPlace("power10"));
    ASSERT_FALSE(host.has_value());
    EXPECT_EQ(describe(host.error()),
              "cannot ask KVM: open on /dev/kvm: Too many open files (EMFILE); "
              "free the resource and try again");
}

std::vector<HostRecord> sampleRecords() {
    FakeKernel answered({.bitmap = 0x6000000000000001});
    FakeKernel silent({.interface = FakeInterface::none});
    FakeKernel missing({.openError = ENOENT});
    std::vector<HostRecord> records;
    records.push_back(probeHost(answered, recordedPlace("power10"))->record);
    records.push_back(probeHost(silent, recordedPlace("powernv9"))->record);
    records.push_back(probeHost(missing, recordedPlace("power9"))->record);
    records.push_back({.host = {.arch = "x86_64", .kernel = "6.1"}, .compat = {.reason = "no"}});
    return records;
}

TEST(Record, comesBackAsItWent) {
    for (const HostRecord& record : sampleRecords()) {
        const std::string json = writeRecord(record);
        const auto back = parseRecord(json, "record.json");
        ASSERT_TRUE(back.has_value()) << describe(back.error());
        EXPECT_EQ(*back, record) << json;
    }
}

TEST(Record, survivesBytesThatAreNotText) {
    const std::string json =
        writeRecord({.host = {.arch = "x\xff", .kernel = "\x01"}, .compat = {.reason = "\"\n"}});
    const auto back = parseRecord(json, "record.json");
    ASSERT_TRUE(back.has_value()) << describe(back.error());
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
    const std::string text = describe(back.error());
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
        Broken{"source", "\"kvm\"", "\"guess\"", "compat.source is none of"},
        Broken{"supported", "\"supported\": true", "\"supported\": \"yes\"",
               "compat.modes[0].supported is neither true nor false"},
        Broken{"contradiction", "\"supported\": true", "\"supported\": false",
               "compat.modes contradicts capabilities"},
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
    ASSERT_TRUE(back.has_value()) << describe(back.error());
    EXPECT_EQ(back->compat, sampleRecords().front().compat);
}

} // namespace
} // namespace hostcompat
