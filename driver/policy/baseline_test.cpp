// SPDX-License-Identifier: LGPL-2.1-or-later
// The newest common mode, who lacks which, and the smallest explanation where there is none.
#include "driver/policy/baseline.hpp"
#include "driver/policy/compare.hpp"

#include <gtest/gtest.h>

namespace hostcompat::policy {
namespace {

const model::ModeSet kNone;
const model::ModeSet k9(1ULL << 62);
const model::ModeSet k10(1ULL << 61);
const model::ModeSet k11(1ULL << 60);

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
    EXPECT_EQ(baseline.newest()->name, "power11");
    baseline.add("b", k9 | k10);
    EXPECT_EQ(baseline.newest()->name, "power10");
    baseline.add("c", k9);
    EXPECT_EQ(baseline.newest()->name, "power9");
    EXPECT_EQ(baseline.knownHosts(), 3U);
    EXPECT_TRUE(baseline.explanation().empty());
    EXPECT_EQ(baseline.lacking(*model::findModeByName("power11")).count, 2U);
    EXPECT_EQ(baseline.lacking(*model::findModeByName("power10")).names,
              (std::set<std::string, std::less<>>{"c"}));
}

TEST(Baseline, isNothingWithoutHosts) {
    Baseline baseline;
    EXPECT_EQ(baseline.newest(), nullptr);
    EXPECT_TRUE(baseline.explanation().empty());
    baseline.addUnknown("a");
    EXPECT_EQ(baseline.newest(), nullptr);
    EXPECT_EQ(baseline.unknown().count, 1U);
}

TEST(Baseline, neverCountsAnUnknownHost) {
    Baseline baseline;
    baseline.add("a", k9 | k10);
    baseline.addUnknown("b");
    EXPECT_EQ(baseline.newest()->name, "power10");
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
    EXPECT_EQ(baseline.newest(), nullptr);
}

TEST(Baseline, leavesOutBitsThatTheTableLacks) {
    Baseline baseline;
    baseline.add("a", k9 | model::ModeSet(1ULL << 59));
    baseline.add("b", k10 | model::ModeSet(1ULL << 59));
    EXPECT_TRUE(baseline.common().empty());
    EXPECT_EQ(names(baseline.explanation()), (Names{"a", "b"}));
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

TEST(Compare, tellsTheFourRelations) {
    EXPECT_EQ(compareModes(k9 | k10, k9 | k10), Comparison::equal);
    EXPECT_EQ(compareModes(k9 | k10, k9), Comparison::superset);
    EXPECT_EQ(compareModes(k9, k9 | k10), Comparison::subset);
    EXPECT_EQ(compareModes(k9, k10), Comparison::incomparable);
    EXPECT_EQ(compareModes(kNone, k9), Comparison::subset);
    EXPECT_EQ(compareModes(k9 | model::ModeSet(1), k9), Comparison::equal);
}

} // namespace
} // namespace hostcompat::policy
