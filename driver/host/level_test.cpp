// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests the host's own level: architected, raw, newer than the table, unknown, and contradictory.
#include "driver/host/level.hpp"

#include <gtest/gtest.h>

namespace hostcompat::host {
namespace {

HostFacts partition(std::optional<std::uint32_t> version, std::optional<std::uint32_t> pvr) {
    HostFacts facts;
    facts.identity.platform = model::Platform::pseries;
    facts.identity.pvr = pvr;
    facts.level = {.cpuVersion = version, .problem = version ? "" : "nobody tells"};
    return facts;
}

HostFacts bareMetal(std::optional<std::uint32_t> pvr) {
    HostFacts facts = partition(std::nullopt, pvr);
    facts.identity.platform = model::Platform::powernv;
    return facts;
}

std::string whyNot(const HostFacts& facts) {
    const auto level = ownLevel(facts);
    return level ? "it is known: " + std::to_string(*level) : level.error();
}

TEST(OwnLevel, isThePartitionsInEachMode) {
    EXPECT_EQ(ownLevel(partition(0x0f000004, 0x004e1200)), 8U);
    EXPECT_EQ(ownLevel(partition(0x0f000005, 0x00800200)), 9U);
    EXPECT_EQ(ownLevel(partition(0x0f000007, 0x00821200)), 11U);
    EXPECT_EQ(ownLevel(partition(0x0f000006, std::nullopt)), 10U);
}

TEST(OwnLevel, isTheProcessorsInRawMode) {
    EXPECT_EQ(ownLevel(partition(0x00800200, 0x00800200)), 10U);
}

TEST(OwnLevel, isTheProcessorsOnPowerNv) {
    EXPECT_EQ(ownLevel(bareMetal(0x004d0200)), 8U);
    EXPECT_EQ(ownLevel(bareMetal(0x004e1202)), 9U);
    EXPECT_EQ(whyNot(bareMetal(0x003f0201)),
              "this version does not know the processor version 0x003f0201");
    EXPECT_EQ(whyNot(bareMetal(std::nullopt)),
              "neither /proc/cpuinfo nor the device tree contains the processor version");
}

TEST(OwnLevel, beyondTheTableLimitsNoModeOfIt) {
    EXPECT_EQ(ownLevel(partition(0x0f000008, 0x00830100)), kBeyondTable);
}

TEST(OwnLevel, isNotGuessed) {
    EXPECT_EQ(whyNot(partition(std::nullopt, 0x00800200)), "nobody tells");
    EXPECT_EQ(whyNot(partition(0x0f000003, 0x00800200)),
              "this version does not know the cpu-version 0x0f000003 of the device tree");
    EXPECT_EQ(whyNot(partition(0x00990000, std::nullopt)),
              "this version does not know the cpu-version 0x00990000 of the device tree");
}

TEST(OwnLevel, isNotBelievedBeyondTheProcessor) {
    EXPECT_EQ(whyNot(partition(0x0f000007, 0x00800200)),
              "the device tree's cpu-version 0x0f000007 is newer than the processor, which is of "
              "the generation power10");
    EXPECT_NE(whyNot(partition(0x0f000008, 0x00800200)).find("is newer than the processor"),
              std::string::npos);
}

TEST(OwnLevel, followsTheTable) {
    constexpr std::array power12{model::ProcessorVersion{0x00830000, 0xffff0000}};
    std::vector<model::Mode> longer(model::modeTable().begin(), model::modeTable().end());
    longer.push_back({12, "power12", "POWER12", power12, 0x0f000008, 1ULL << 59});
    EXPECT_EQ(ownLevel(partition(0x0f000008, 0x00830100), longer), 12U);
    EXPECT_EQ(ownLevel(bareMetal(0x00830100), longer), 12U);
}

} // namespace
} // namespace hostcompat::host
