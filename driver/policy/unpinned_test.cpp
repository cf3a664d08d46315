// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests guests without a pinned mode on each kind of host that was measured, and on some that were
// not.
#include "driver/policy/check.hpp"
#include "driver/policy/unpinned.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace hostcompat::policy {
namespace {

using enum Verdict;
using model::NestedApi;

struct Facts {
    unsigned level = 0;
    std::optional<NestedApi> api = {};
    /// What KVM answered when a vCPU was set to the processor's own level.
    const char* own = nullptr;
    const char* source = "trial";
    bool kernelKnowsProcessor = true;
};

/// A host that supports power9 up to `newest`.
PolicyHost host(const std::string& model, unsigned newest, const Facts& facts = {}) {
    PolicyHost result{.name = "the host",
                      .arch = "ppc64le",
                      .model = model,
                      .level = facts.level,
                      .nestedApi = facts.api,
                      .kernelKnowsProcessor = facts.kernelKnowsProcessor,
                      .compat = {}};
    model::KnownCompat known{
        .source = facts.source, .supported = {}, .refused = {8}, .capabilities = {}, .abi = {}};
    for (unsigned mode = 9; mode <= 11; ++mode)
        (mode <= newest ? known.supported : known.refused).insert(mode);
    result.compat.known = known;
    if (facts.own != nullptr)
        result.compat.trial =
            model::Trial{.modes = {{11, facts.own}}, .raw = {}, .control = {}, .failure = {}};
    return result;
}

CheckAnswer check(const PolicyHost& host, const qemu::QemuModes* qemu = nullptr) {
    const auto document = xml::DomainDocument::read(
        "<domain type='kvm'><os><type arch='ppc64le' machine='pseries'>hvm</type></os></domain>",
        "g.xml");
    return checkDomain(document->domain(), host, qemu);
}

bool has(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

TEST(Unpinned, IsStoppedInAPower11PartitionInAnOlderMode) {
    const auto stops = [](unsigned level, const Facts& facts) {
        const CheckAnswer answer = check(host("POWER11", level, facts));
        EXPECT_EQ(answer.verdict, incompatible);
        EXPECT_TRUE(answer.onlyAtStart);
        EXPECT_TRUE(has(answer.remedy, "<model>" + model::modeName(level) + "</model>"));
        EXPECT_TRUE(has(answer.reason, "--qemu asks the real one")) << answer.reason;
    };
    for (const auto api : {NestedApi::v1, NestedApi::v2}) {
        for (const unsigned level : {9U, 10U})
            stops(level, {.level = level, .api = api, .source = "kvm"});
        // Linux 7.2 does not have the capability, but has the check.
        stops(10, {.level = 10, .api = api, .own = "EINVAL"});
    }
    // A capabilities document contains neither the level nor the API, only the source of the
    // answer.
    stops(10, {.source = "kvm"});
    stops(9, {.source = "kvm"});
}

TEST(Unpinned, IsRefusedInAPower11PartitionInPower9ModeAlthoughAnOldKernelRunsIt) {
    // Linux 6.12 boots the guest, Linux 7.3 does not, and both refuse power11 in the trial. A
    // capabilities document has neither level nor API.
    for (const auto& facts : {Facts{.level = 9, .api = NestedApi::v1, .own = "EINVAL"},
                              Facts{.level = 9, .api = NestedApi::v2, .own = "EINVAL"}, Facts{}}) {
        const CheckAnswer answer = check(host("POWER11", 9, facts));
        EXPECT_EQ(answer.verdict, incompatible);
        EXPECT_TRUE(answer.onlyAtStart);
        EXPECT_TRUE(has(answer.reason, "beyond what the hypervisor grants")) << answer.reason;
        EXPECT_TRUE(has(answer.remedy, "<model>power9</model>"));
    }
}

TEST(Unpinned, IsNotKnownWhereItDependsOnAKernelThatTheHostDoesNotTell) {
    const auto undecided = [](unsigned level, const Facts& facts) {
        const CheckAnswer answer = check(host("POWER11", level, facts));
        EXPECT_EQ(answer.verdict, unknown);
        EXPECT_TRUE(has(answer.reason, "some kernels run such a guest")) << answer.reason;
        EXPECT_TRUE(has(answer.remedy, "<model>" + model::modeName(level) + "</model>"));
    };
    // A capabilities document has no more than this.
    undecided(10, {});
    // A record without the nested API.
    undecided(10, {.level = 10, .own = "ok"});
}

TEST(Unpinned, RunsOnAKernelThatDoesNotKnowTheProcessor) {
    EXPECT_EQ(check(host("POWER11", 10,
                         {.level = 10,
                          .api = NestedApi::v1,
                          .own = "EINVAL",
                          .kernelKnowsProcessor = false}))
                  .verdict,
              compatible);
}

TEST(Unpinned, RunsOnAKernelWithoutTheCheckUnderALinuxHypervisorOnly) {
    const Facts taken{.level = 10, .api = NestedApi::v1, .own = "ok"};
    const CheckAnswer answer = check(host("POWER11", 10, taken));
    EXPECT_EQ(answer.verdict, compatible);
    EXPECT_TRUE(has(answer.warnings.at(0), "sees a POWER11 although the host runs in power10 mode"))
        << answer.warnings.at(0);
    EXPECT_EQ(check(host("POWER11", 10, {.level = 10, .api = NestedApi::v2, .own = "ok"})).verdict,
              incompatible);
}

TEST(Unpinned, RunsAsTheProcessorOnAPower10InPower9Mode) {
    // A capabilities document contains neither the level nor the API.
    for (const auto& facts : {Facts{.level = 9, .api = NestedApi::v1},
                              Facts{.level = 9, .api = NestedApi::v2}, Facts{.source = "kvm"}}) {
        const CheckAnswer answer = check(host("POWER10", 9, facts));
        EXPECT_EQ(answer.verdict, compatible);
        EXPECT_TRUE(has(answer.warnings.at(0), "although the host runs in power9 mode"))
            << answer.warnings.at(0);
        EXPECT_TRUE(has(answer.warnings.at(1), "DAWR1 not supported by KVM"))
            << answer.warnings.at(1);
    }
}

TEST(Unpinned, IsNotKnownWhereTheHostDoesNotSayWhetherItRunsInItsOwnMode) {
    PolicyHost silent = host("POWER11", 10, {.source = "kvm"});
    silent.compat.known->refused = {};
    const CheckAnswer answer = check(silent);
    EXPECT_EQ(answer.verdict, unknown);
    EXPECT_TRUE(has(answer.reason, "does not say whether it runs in its own mode"))
        << answer.reason;
    EXPECT_EQ(partitionLevel(silent), 0U);
    silent.level = 11;
    EXPECT_EQ(check(silent).verdict, compatible);
}

TEST(Unpinned, IsNotKnownOnAProcessorWithoutAName) {
    // libvirt before 11.4 does not know a Power11, which may run in an older mode.
    PolicyHost unnamed = host("", 10, {.source = "kvm"});
    unnamed.libvirtKnowsProcessor = false;
    const CheckAnswer answer = check(unnamed);
    EXPECT_EQ(answer.verdict, unknown);
    EXPECT_TRUE(has(answer.reason, "names no processor that this version knows")) << answer.reason;
    EXPECT_TRUE(has(answer.remedy, "update libvirt")) << answer.remedy;
    EXPECT_FALSE(has(answer.remedy, "<cpu")) << answer.remedy;
    unnamed = host("", 11, {.source = "kvm"});
    unnamed.libvirtKnowsProcessor = false;
    EXPECT_EQ(check(unnamed).verdict, compatible);
    EXPECT_FALSE(has(check(unnamed).warnings.back(), "<cpu")) << "libvirt refuses to pin there";
    // A record of a processor that is not in the table.
    EXPECT_EQ(check(host("", 11, {.level = 11, .api = NestedApi::v2})).verdict, unknown);
}

TEST(Unpinned, IsNotConcludedFromAnAnswerThatIsNotBelieved) {
    PolicyHost doubtful = host("POWER10", 9, {.level = 10});
    doubtful.compat.known->supported = {};
    doubtful.compat.known->refused = {11};
    const CheckAnswer answer = check(doubtful);
    EXPECT_EQ(answer.verdict, unknown);
    EXPECT_EQ(answer.reason,
              "the host does not say whether it supports power8, power9 and power10");
}

TEST(Unpinned, RunsWhereTheHostRunsInItsOwnMode) {
    for (const auto& [model, level] : {std::pair{"POWER9", 9U}, {"POWER10", 10U}, {"POWER11", 11U}})
        for (const auto api : {NestedApi::v1, NestedApi::v2})
            EXPECT_EQ(unpinnedGuest(host(model, level, {.level = level, .api = api})),
                      Unpinned::runs);
    // The hypervisor granted only the processor's own mode.
    PolicyHost granted = host("POWER11", 11, {.level = 11, .api = NestedApi::v2});
    granted.compat.known->supported = {11};
    EXPECT_EQ(unpinnedGuest(granted), Unpinned::runs);
}

TEST(Unpinned, IsNotConcludedFromOtherGenerations) {
    EXPECT_EQ(unpinnedGuest(host("POWER9", 9, {.level = 8})), Unpinned::notMeasured);
    EXPECT_EQ(unpinnedGuest(host("POWER11", 9, {.level = 8})), Unpinned::notMeasured);
}

TEST(Unpinned, FollowsTheQemuThatWasAsked) {
    const PolicyHost power11As10 = host("POWER11", 10, {.level = 10, .api = NestedApi::v2});
    qemu::QemuModes qemu{
        .binary = "qemu", .accepted = {"power9", "power10", "power11"}, .hostModel = "POWER10"};
    const CheckAnswer answer = check(power11As10, &qemu);
    EXPECT_EQ(answer.verdict, compatible) << answer.reason;
    EXPECT_TRUE(has(answer.reason, "the CPU 'host' of qemu runs as power10")) << answer.reason;
    qemu.hostModel = "POWER11";
    EXPECT_EQ(check(power11As10, &qemu).verdict, incompatible);
    EXPECT_FALSE(has(check(power11As10, &qemu).reason, "assuming"));
    qemu.hostModel = "";
    EXPECT_TRUE(has(check(power11As10, &qemu).reason, "so it does not say"));
    qemu.hostModel = "POWER9";
    PolicyHost granted = power11As10;
    granted.compat.known->supported = {10};
    granted.compat.known->refused = {8, 9, 11};
    EXPECT_EQ(check(granted, &qemu).verdict, incompatible);
}

TEST(Unpinned, IsRefusedByAQemuWhoseMachineRequiresASecondWatchpoint) {
    const PolicyHost nine = host("POWER10", 9, {.level = 9, .api = NestedApi::v2});
    qemu::QemuModes qemu{.binary = "qemu", .accepted = {"power9"}, .hostModel = "POWER10"};
    const auto warns = [&](const CheckAnswer& answer) {
        EXPECT_EQ(answer.verdict, compatible) << answer.reason;
        return std::ranges::any_of(answer.warnings, [](const std::string& warning) {
            return has(warning, "DAWR1 not supported by KVM");
        });
    };
    // It did not say.
    EXPECT_TRUE(warns(check(nine, &qemu)));
    qemu.machine = "pseries-10.0";
    EXPECT_FALSE(warns(check(nine, &qemu)));
    qemu.requiresSecondWatchpoint = true;
    const CheckAnswer answer = check(nine, &qemu);
    EXPECT_EQ(answer.verdict, incompatible);
    EXPECT_TRUE(has(answer.reason, "the machine pseries-10.0 of qemu requires")) << answer.reason;
    EXPECT_TRUE(has(answer.remedy, "<model>power9</model>")) << answer.remedy;
    EXPECT_FALSE(answer.onlyAtStart);
    // In its own mode the processor has two.
    EXPECT_EQ(check(host("POWER10", 10, {.level = 10}), &qemu).verdict, compatible);
    const auto withMachine = [&](const std::string& machine, const std::string& arguments = "") {
        const auto document = xml::DomainDocument::read(
            "<domain type='kvm' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'><os><type "
            "arch='ppc64le' machine='" +
                machine + "'>hvm</type></os>" + arguments + "</domain>",
            "g.xml");
        return checkDomain(document->domain(), nine, &qemu);
    };
    EXPECT_EQ(withMachine("pseries-10.0").verdict, incompatible);
    EXPECT_TRUE(warns(withMachine("pseries-9.0")));
    EXPECT_TRUE(
        warns(withMachine("pseries", "<qemu:commandline><qemu:arg value='-machine'/><qemu:arg "
                                     "value='cap-dawr1=off'/></qemu:commandline>")));
}

TEST(Unpinned, WarnsWherePagesAreTooSmallForPower8) {
    PolicyHost powerNv = host("POWER10", 10, {.level = 10});
    powerNv.compat.known->supported.insert(8);
    powerNv.compat.known->refused = {11};
    const auto document = xml::DomainDocument::read(
        "<domain type='kvm'><os><type arch='ppc64le' machine='pseries'>hvm</type></os>"
        "<cpu mode='host-model'><model>power8</model></cpu></domain>",
        "g.xml");
    const auto warnings = [&](std::uint64_t pageSize) {
        powerNv.pageSize = pageSize;
        const CheckAnswer answer = checkDomain(document->domain(), powerNv);
        EXPECT_EQ(answer.verdict, compatible);
        return answer.warnings;
    };
    ASSERT_EQ(warnings(4096).size(), 1U);
    EXPECT_TRUE(has(warnings(4096).front(), "VRMA only allows"));
    EXPECT_TRUE(warnings(65536).empty());
    EXPECT_TRUE(warnings(0).empty());
}

} // namespace
} // namespace hostcompat::policy
