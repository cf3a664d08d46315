// SPDX-License-Identifier: LGPL-2.1-or-later
// A cluster of unlike hosts, and guests of every kind on it.
#include "driver/policy/survey.hpp"

#include <gtest/gtest.h>

namespace hostcompat::policy {
namespace {

using enum Verdict;

PolicyHost host(const std::string& name, const std::string& model, model::ModeSet supported) {
    PolicyHost result{.name = name, .arch = "ppc64le", .model = model};
    result.compat.known = model::KnownCompat{.source = "kvm",
                                             .supported = supported,
                                             .refused = model::allModes() - supported,
                                             .capabilities = {},
                                             .abi = {}};
    return result;
}

xml::Domain guest(const std::string& cpu, const std::string& type = "kvm") {
    const auto document = xml::DomainDocument::read(
        "<domain type='" + type + "'><os><type arch='ppc64le'>hvm</type></os>" + cpu + "</domain>",
        "g.xml");
    return document.value().domain();
}

std::string pinned(const std::string& mode) {
    return "<cpu mode='host-model'><model>" + mode + "</model></cpu>";
}

/// Of a guest that is running on a host that nobody names, or not at all.
std::vector<GuestOnHost> judge(const Survey& survey, const xml::Domain& domain) {
    return survey.judge(domain, domain);
}

Survey cluster() {
    Survey survey;
    survey.add(host("a", "POWER10", {9, 10}));
    survey.add(host("b", "POWER9", {9}));
    survey.add(host("c", "POWER10", {9, 10}));
    return survey;
}

TEST(Survey, JudgesHostsThatDecideAlikeOnce) {
    const Survey survey = cluster();
    ASSERT_EQ(survey.kinds().size(), 2U);
    EXPECT_EQ(survey.kinds()[0].names, (std::vector<std::string>{"a", "c"}));
    EXPECT_EQ(survey.hosts(), 3U);
    EXPECT_EQ(survey.baseline().common(), model::ModeSet{9});
}

TEST(Survey, SaysWhereAGuestStartsAndArrives) {
    const Survey survey = cluster();
    const auto power9 = judge(survey, guest(pinned("power9")));
    EXPECT_EQ(power9[0].start.verdict, compatible);
    EXPECT_EQ(power9[1].arrive.verdict, compatible);
    const auto power10 = judge(survey, guest(pinned("power10")));
    EXPECT_EQ(power10[0].arrive.verdict, compatible);
    EXPECT_EQ(power10[1].start.verdict, incompatible);
    EXPECT_EQ(power10[1].arrive.verdict, incompatible);
    const auto unpinned = judge(survey, guest(""));
    EXPECT_EQ(unpinned[0].start.verdict, compatible);
    EXPECT_EQ(unpinned[0].arrive.verdict, unknown);
    const auto emulated = judge(survey, guest("", "qemu"));
    EXPECT_EQ(emulated[1].arrive.verdict, notApplicable);
}

TEST(Survey, AGuestThatOnlyCannotStartMayArrive) {
    Survey survey;
    survey.add(host("p11", "POWER11", {9, 10}));
    const auto judged = judge(survey, guest(""));
    EXPECT_EQ(judged[0].start.verdict, incompatible);
    EXPECT_EQ(judged[0].arrive.verdict, unknown);
}

TEST(Survey, AGuestArrivesAsItRunsAndStartsAsItIsDefined) {
    const Survey survey = cluster();
    const PolicyHost source = host("a", "POWER10", {9, 10});
    const auto judged = survey.judge(guest(pinned("power9")), guest(""), &source);
    EXPECT_EQ(judged[0].arrive.verdict, compatible);
    EXPECT_EQ(judged[1].start.verdict, compatible);
    EXPECT_EQ(judged[1].arrive.verdict, incompatible);
}

TEST(Survey, NamesTheChangeThatFreesAGuest) {
    const Survey survey = cluster();
    const auto change = [&](const xml::Domain& domain) {
        return survey.change(domain, judge(survey, domain));
    };
    EXPECT_EQ(change(guest(pinned("power9"))), std::nullopt);
    EXPECT_EQ(change(guest(pinned("power10"))), 9U);
    EXPECT_EQ(change(guest("")), 9U);
    EXPECT_EQ(change(guest("<cpu><numa/></cpu>")), std::nullopt);
    EXPECT_EQ(change(guest("", "qemu")), std::nullopt);
    Survey silent = cluster();
    silent.add({.name = "x", .arch = "ppc64le", .compat = {.reason = "no KVM module is loaded"}});
    EXPECT_EQ(silent.change(guest(""), judge(silent, guest(""))), std::nullopt);
}

} // namespace
} // namespace hostcompat::policy
