// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests inputs that are records or documents, one or several, valid or broken.
#include "driver/answer/host_input.hpp"
#include "driver/answer/record.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace hostcompat::answer {
namespace {

std::string record(const std::string& source, model::ModeSet supported, model::ModeSet refused) {
    model::HostRecord record{.time = "2026-11-26T15:58:26Z"};
    record.host.name = "p10";
    record.host.arch = "ppc64le";
    record.compat.known = model::KnownCompat{.source = source,
                                             .supported = supported,
                                             .refused = refused,
                                             .capabilities = {},
                                             .abi = {}};
    return writeRecord(record);
}

TEST(HostInput, IsARecord) {
    const auto hosts = readHostModes(record("trial", {9, 10}, {8, 11}), "a.json");
    ASSERT_EQ(hosts.size(), 1U);
    ASSERT_TRUE(hosts[0]);
    EXPECT_EQ(hosts[0]->number, 0U);
    EXPECT_EQ(hosts[0]->supported, (model::ModeSet{9, 10}));
    EXPECT_EQ(hosts[0]->refused, (model::ModeSet{8, 11}));
    EXPECT_FALSE(hosts[0]->doubtful);
}

TEST(HostInput, IsARecordBehindAByteOrderMark) {
    const auto hosts = readHostModes("\xEF\xBB\xBF" + record("trial", {9}, {8}), "a.json");
    ASSERT_EQ(hosts.size(), 1U);
    ASSERT_TRUE(hosts[0]);
    EXPECT_EQ(hosts[0]->supported, (model::ModeSet{9}));
}

TEST(HostInput, OfADerivedSourceOnlyNoCounts) {
    const auto hosts = readHostModes(record("device-tree", {9}, {10}), "a.json");
    ASSERT_TRUE(hosts.at(0));
    EXPECT_TRUE(hosts[0]->doubtful);
    EXPECT_EQ(hosts[0]->supported, model::ModeSet());
}

TEST(HostInput, IsARecordOfAnUnknownHost) {
    model::HostRecord unknown;
    unknown.compat.reason = "no KVM module is loaded";
    const auto hosts = readHostModes(writeRecord(unknown), "a.json");
    ASSERT_TRUE(hosts.at(0));
    EXPECT_FALSE(hosts[0]->supported);
}

TEST(HostInput, IsSeveralRecordsOfWhichOneIsBroken) {
    const std::string good = record("trial", {9}, {});
    std::string broken = good;
    broken.replace(broken.find("\"trial\""), 7, "\"a } \\\"{\"");
    const auto hosts = readHostModes(good + "\n" + "{ \"x\": \n ] }" + good + broken, "a.json");
    ASSERT_EQ(hosts.size(), 4U);
    EXPECT_EQ(hosts[0]->number, 1U);
    ASSERT_FALSE(hosts[1]);
    const auto before = static_cast<std::size_t>(std::ranges::count(good, '\n'));
    EXPECT_EQ(hosts[1].error().line, before + 3);
    EXPECT_EQ(hosts[2]->number, 3U);
    EXPECT_TRUE(hosts[3]);
}

TEST(HostInput, HasWhatFollowsTheLastRecord) {
    const std::string good = record("trial", {9}, {});
    for (const char* rest : {"{", "}", "x", "{\"a\": \"", "{\"a\": \"\\"}) {
        const auto hosts = readHostModes(good + rest, "a.json");
        ASSERT_EQ(hosts.size(), 2U) << rest;
        EXPECT_TRUE(hosts[0]);
        EXPECT_FALSE(hosts[1]) << rest;
    }
}

TEST(HostInput, IsADocument) {
    const auto hosts = readHostModes("<cpu><compat source='kvm'><mode name='power9' "
                                     "supported='yes'/></compat></cpu>",
                                     "a.xml");
    ASSERT_TRUE(hosts.at(0));
    EXPECT_EQ(hosts[0]->supported, model::ModeSet{9});
}

TEST(HostInput, OfARecordKeepsNameAndTime) {
    const auto again = parseRecord(record("trial", {9}, {}), "a.json");
    ASSERT_TRUE(again);
    EXPECT_EQ(again->host.name, "p10");
    EXPECT_EQ(again->time, "2026-11-26T15:58:26Z");
    std::string bad = record("trial", {9}, {});
    bad.replace(bad.find("2026-11"), 7, "2026/11");
    const auto refused = parseRecord(bad, "a.json");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().reason,
              "record.virt-host-compat.time is not a time such as 2026-11-26T15:58:26Z");
}

} // namespace
} // namespace hostcompat::answer
