// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests guests of every kind on a cluster of different hosts.
#include "driver/policy/survey.hpp"
#include "driver/policy/test_hosts.hpp"

#include <gtest/gtest.h>

namespace hostcompat::policy {
namespace {

using enum Verdict;

/// The results for a guest that is not running, or whose host is not given.
std::vector<GuestOnHost> judge(const Survey& survey, const xml::Domain& domain) {
    return survey.judge(domain, domain);
}

Survey cluster() {
    Survey survey;
    survey.add(testHost("a", "POWER10", {9, 10}));
    survey.add(testHost("b", "POWER9", {9}));
    survey.add(testHost("c", "POWER10", {9, 10}));
    return survey;
}

TEST(Survey, JudgesHostsThatDecideAlikeOnce) {
    const Survey survey = cluster();
    ASSERT_EQ(survey.kinds().size(), 2U);
    EXPECT_EQ(survey.kinds()[0].names, (std::vector<std::string>{"a", "c"}));
    EXPECT_EQ(survey.hosts(), 3U);
    EXPECT_EQ(survey.baseline().common(), model::ModeSet{9});
}

TEST(Survey, TakesHostsThatDoNotSayAnythingForOneKind) {
    Survey survey;
    for (const std::string name : {"a.xml", "b.xml"}) {
        PolicyHost host = testHost(name, "POWER10", {});
        host.compat = {.known = {}, .reason = name + " has no <compat>"};
        survey.add(std::move(host));
    }
    PolicyHost other = testHost("c.xml", "POWER10", {});
    other.compat = {.known = {}, .reason = "/dev/kvm cannot be opened"};
    survey.add(std::move(other));
    ASSERT_EQ(survey.kinds().size(), 2U);
    EXPECT_EQ(survey.kinds()[0].names, (std::vector<std::string>{"a.xml", "b.xml"}));
    EXPECT_EQ(survey.kinds()[0].host.compat.reason, "the document has no <compat>");
}

TEST(Survey, SaysWhereAGuestStartsAndArrives) {
    const Survey survey = cluster();
    const auto power9 = judge(survey, testGuest(pinned("power9")));
    EXPECT_EQ(power9[0].start.verdict, compatible);
    EXPECT_EQ(power9[1].arrive.verdict, compatible);
    const auto power10 = judge(survey, testGuest(pinned("power10")));
    EXPECT_EQ(power10[0].arrive.verdict, compatible);
    EXPECT_EQ(power10[1].start.verdict, incompatible);
    EXPECT_EQ(power10[1].arrive.verdict, incompatible);
    const auto unpinned = judge(survey, testGuest(""));
    EXPECT_EQ(unpinned[0].start.verdict, compatible);
    EXPECT_EQ(unpinned[0].arrive.verdict, unknown);
    const auto emulated = judge(survey, testGuest("", "qemu"));
    EXPECT_EQ(emulated[1].arrive.verdict, notApplicable);
}

TEST(Survey, AGuestThatOnlyCannotStartMayArrive) {
    Survey survey;
    survey.add(testHost("p11", "POWER11", {9, 10}));
    const auto judged = judge(survey, testGuest(""));
    EXPECT_EQ(judged[0].start.verdict, incompatible);
    EXPECT_EQ(judged[0].arrive.verdict, unknown);
}

TEST(Survey, AGuestArrivesAsItRunsAndStartsAsItIsDefined) {
    const Survey survey = cluster();
    const PolicyHost source = testHost("a", "POWER10", {9, 10});
    const auto judged = survey.judge(testGuest(pinned("power9")), testGuest(""), &source);
    EXPECT_EQ(judged[0].arrive.verdict, compatible);
    EXPECT_EQ(judged[1].start.verdict, compatible);
    EXPECT_EQ(judged[1].arrive.verdict, incompatible);
}

TEST(Survey, NamesTheChangeThatFreesAGuest) {
    const Survey survey = cluster();
    const auto change = [&](const xml::Domain& domain) {
        return survey.change(domain, judge(survey, domain));
    };
    EXPECT_EQ(change(testGuest(pinned("power9"))), std::nullopt);
    EXPECT_EQ(change(testGuest(pinned("power10"))), 9U);
    EXPECT_EQ(change(testGuest("")), 9U);
    EXPECT_EQ(change(testGuest("<cpu><numa/></cpu>")), std::nullopt);
    EXPECT_EQ(change(testGuest("", "qemu")), std::nullopt);
    Survey silent = cluster();
    silent.add({.name = "x", .arch = "ppc64le", .compat = {.reason = "no KVM module is loaded"}});
    EXPECT_EQ(silent.change(testGuest(""), judge(silent, testGuest(""))), std::nullopt);
}

} // namespace
} // namespace hostcompat::policy
