// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests valid and invalid settings of the module.
#include "driver/libvirt/module/config.hpp"

#include <gtest/gtest.h>

namespace {

using namespace hostcompat;
using namespace hostcompat::libvirt;
using namespace hostcompat::libvirt::module;
using namespace std::chrono_literals;

TEST(ParseConfig, NothingMeansTheDefaults) {
    EXPECT_EQ(*parseConfig("", "f"), Config{});
    EXPECT_EQ(*parseConfig("# a comment\n\n   \t\n#probe = /x\n", "f"), Config{});
}

TEST(ParseConfig, ReadsEverySetting) {
    const auto config =
        parseConfig("probe = /a file with = in it.json\r\n interval=5\ncompare\t=\tyes", "f");
    ASSERT_TRUE(config) << model::describe(config.error());
    EXPECT_EQ(*config,
              (Config{.probe = "/a file with = in it.json", .interval = 5s, .compare = true}));
}

struct Bad {
    const char* text;
    std::size_t line;
    const char* reason;
};
class BadConfigTest : public testing::TestWithParam<Bad> {};

TEST_P(BadConfigTest, IsRefusedAtItsLine) {
    const auto config = parseConfig(GetParam().text, "module.conf");
    ASSERT_FALSE(config);
    EXPECT_EQ(config.error().line, GetParam().line);
    EXPECT_EQ(config.error().reason, GetParam().reason);
}

INSTANTIATE_TEST_SUITE_P(
    Defects, BadConfigTest,
    testing::Values(
        Bad{"nonsense", 1, "'nonsense' has no ="},
        Bad{"\n#\ncolour = red", 3, "the key 'colour' is none of probe, interval and compare"},
        Bad{"probe = record.json", 1, "probe is 'record.json', which is not an absolute path"},
        Bad{"probe =", 1, "probe is '', which is not an absolute path"},
        Bad{"interval = 0", 1, "interval is '0', which is not a number of seconds from 1 to 86400"},
        Bad{"interval = 86401", 1,
            "interval is '86401', which is not a number of seconds from 1 to 86400"},
        Bad{"interval = -1", 1,
            "interval is '-1', which is not a number of seconds from 1 to 86400"},
        Bad{"interval = 5s", 1,
            "interval is '5s', which is not a number of seconds from 1 to 86400"},
        Bad{"interval = 99999999999", 1,
            "interval is '99999999999', which is not a number of seconds from 1 to 86400"},
        Bad{"compare = true", 1, "compare is 'true', which is neither yes nor no"},
        Bad{"compare = no\ncompare = no", 2, "the key 'compare' appears twice"}));

TEST(ReadConfig, MayBeMissingOnlyWhereAllowed) {
    EXPECT_EQ(*readConfig("/nowhere/module.conf", true), Config{});
    EXPECT_FALSE(readConfig("/nowhere/module.conf", false));
}

} // namespace
