// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests the newest common mode, which hosts lack a mode, and the smallest set of hosts without a
// common mode.
#include "driver/policy/baseline.hpp"
#include "driver/policy/compare.hpp"

#include <gtest/gtest.h>

namespace hostcompat::policy {
namespace {

const model::ModeSet kNone;
const model::ModeSet k9{9};
const model::ModeSet k10{10};
const model::ModeSet k11{11};

std::vector<std::string> names(const std::vector<HostAndModes>& hosts) {
    std::vector<std::string> result;
    for (const HostAndModes& host : hosts)
        result.push_back(host.name);
    return result;
}

using Names = std::vector<std::string>;

TEST(Baseline, isTheNewestCommonMode) {
    Baseline baseline;
    baseline.add("a", k9 | k10 | k11);
    EXPECT_EQ(baseline.common().newest(), 11U);
    baseline.add("b", k9 | k10);
    EXPECT_EQ(baseline.common().newest(), 10U);
    baseline.add("c", k9);
    EXPECT_EQ(baseline.common().newest(), 9U);
    EXPECT_EQ(baseline.knownHosts(), 3U);
    EXPECT_TRUE(baseline.explanation().empty());
    EXPECT_EQ(baseline.lacking(11).count, 2U);
    EXPECT_EQ(baseline.lacking(10).names, (std::set<std::string, std::less<>>{"c"}));
}

TEST(Baseline, isNothingWithoutHosts) {
    Baseline baseline;
    EXPECT_TRUE(baseline.common().empty());
    EXPECT_TRUE(baseline.explanation().empty());
    baseline.addUnknown("a");
    EXPECT_TRUE(baseline.common().empty());
    EXPECT_EQ(baseline.unknown().count, 1U);
}

TEST(Baseline, neverCountsAnUnknownHost) {
    Baseline baseline;
    baseline.add("a", k9 | k10);
    baseline.addUnknown("b");
    EXPECT_EQ(baseline.common().newest(), 10U);
    EXPECT_EQ(baseline.knownHosts(), 1U);
}

TEST(Baseline, explainsWithOneHostThatSupportsNothing) {
    Baseline baseline;
    baseline.add("a", k9);
    baseline.add("b", k10);
    baseline.add("c", kNone);
    EXPECT_EQ(names(baseline.explanation()), Names{"c"});
}

TEST(Baseline, explainsWithTheFewestHosts) {
    Baseline baseline;
    baseline.add("a", k9 | k10);
    baseline.add("b", k10 | k11);
    baseline.add("c", k9 | k11);
    EXPECT_EQ(names(baseline.explanation()), (Names{"a", "b", "c"}));
    baseline.add("d", k11);
    EXPECT_EQ(names(baseline.explanation()), (Names{"a", "d"}));
    EXPECT_EQ(baseline.explanation()[1].supported, k11);
    EXPECT_TRUE(baseline.common().empty());
}

TEST(Baseline, countsModesBeyondTheTable) {
    Baseline baseline;
    baseline.add("a", k9 | model::ModeSet{12});
    baseline.add("b", k10 | model::ModeSet{12});
    EXPECT_EQ(baseline.common(), model::ModeSet{12});
    EXPECT_EQ(baseline.any(), (model::ModeSet{9, 10, 12}));
    EXPECT_EQ(baseline.lacking(9).names, (std::set<std::string, std::less<>>{"b"}));
}

// So many sets of modes that an exhaustive search would not finish.
TEST(Baseline, explainsWhereTheSearchForTheFewestWouldTakeTooLong) {
    Baseline baseline;
    for (unsigned left = 1; left < model::ModeSet::kEnd; ++left) {
        model::ModeSet others = model::modesUpTo(model::ModeSet::kEnd - 1);
        others = others - model::ModeSet{left};
        baseline.add(model::modeName(left), others);
    }
    baseline.add("odd", {1, 3, 5});
    const auto hosts = baseline.explanation();
    ASSERT_EQ(hosts.size(), 4U);
    model::ModeSet left = baseline.any();
    for (const HostAndModes& host : hosts)
        left = left & host.supported;
    EXPECT_TRUE(left.empty());
}

TEST(HostNames, keepsTheFirstByNameInAnyOrder) {
    HostNames forward;
    HostNames backward;
    constexpr std::size_t count = HostNames::kMost + 500;
    for (std::size_t i = 0; i < count; ++i) {
        forward.add("host-" + std::to_string(10'000 + i));
        backward.add("host-" + std::to_string(10'000 + count - 1 - i));
    }
    EXPECT_EQ(forward.count, count);
    EXPECT_EQ(forward.names.size(), HostNames::kMost);
    EXPECT_EQ(*forward.names.begin(), "host-10000");
    EXPECT_EQ(forward.names, backward.names);
}

TEST(Baseline, knowsWhichModesNobodyDecides) {
    const model::ModeSet all = model::allModes();
    Baseline baseline;
    baseline.add("a", k9, all - k9);
    EXPECT_TRUE(baseline.undecided().empty());
    // Its document lists power11 only.
    baseline.add("b", kNone, k11);
    EXPECT_TRUE(baseline.common().empty());
    EXPECT_EQ(baseline.undecided(), k9);
    baseline.add("c", k10, k9);
    EXPECT_TRUE(baseline.undecided().empty());
    Baseline doubtful;
    doubtful.add("d", kNone, k11, k9 | k10);
    EXPECT_EQ(doubtful.undecided(), k9 | k10);
    doubtful.add("e", k10 | k11, k9);
    EXPECT_EQ(doubtful.undecided(), k10);
    Baseline useful(11);
    useful.add("f", kNone, k11, k9 | k10);
    EXPECT_TRUE(useful.undecided().empty());
}

TEST(Compare, tellsTheFourRelations) {
    EXPECT_EQ(compareModes(k9 | k10, k9 | k10), Comparison::equal);
    EXPECT_EQ(compareModes(k9 | k10, k9), Comparison::superset);
    EXPECT_EQ(compareModes(k9, k9 | k10), Comparison::subset);
    EXPECT_EQ(compareModes(k9, k10), Comparison::incomparable);
    EXPECT_EQ(compareModes(kNone, k9), Comparison::subset);
    EXPECT_EQ(compareModes(k9 | model::ModeSet{12}, k9), Comparison::superset);
}

TEST(Baseline, MayWantANewerMode) {
    Baseline baseline(10);
    baseline.add("old", {9, 10});
    baseline.add("new", {9, 10, 11});
    EXPECT_EQ(baseline.common(), model::ModeSet{10});
    EXPECT_FALSE(baseline.modes().contains(9));
    baseline.add("older", {9});
    EXPECT_TRUE(baseline.common().empty());
    ASSERT_EQ(baseline.explanation().size(), 1U);
    EXPECT_EQ(baseline.explanation()[0].name, "older");
}

} // namespace
} // namespace hostcompat::policy
