// SPDX-License-Identifier: LGPL-2.1-or-later
// The table of modes answers every look-up, and a new generation takes one row.
#include "driver/model/mode.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace hostcompat::model {
namespace {

TEST(Mode, isFoundByEachOfItsNames) {
    for (const Mode& mode : modeTable()) {
        EXPECT_EQ(findModeByName(mode.name), &mode);
        EXPECT_EQ(findModeByCpuModel(mode.cpuModel), &mode);
        EXPECT_EQ(findModeByLogicalPvr(mode.logicalPvr), &mode);
        EXPECT_EQ(findModeByPvr(mode.pvr | 0x1202), &mode);
    }
}

TEST(Mode, hasTheKernelsValues) {
    const Mode* power9 = findModeByName("power9");
    ASSERT_NE(power9, nullptr);
    EXPECT_EQ(power9->capabilityBit, 0x4000000000000000U);
    EXPECT_EQ(power9->logicalPvr, 0x0f000005U);
    EXPECT_EQ(findModeByPvr(0x004e1202), power9);
    const Mode* power11 = findModeByName("power11");
    ASSERT_NE(power11, nullptr);
    EXPECT_EQ(power11->capabilityBit, 0x1000000000000000U);
    EXPECT_EQ(power11->logicalPvr, 0x0f000007U);
}

TEST(Mode, isNotFoundByAnythingElse) {
    for (auto name : {"POWER9", "power8", "power42", "", "power9 "})
        EXPECT_EQ(findModeByName(name), nullptr) << name;
    EXPECT_EQ(findModeByCpuModel("power9"), nullptr);
    EXPECT_EQ(findModeByLogicalPvr(0x0f000004), nullptr);
    EXPECT_EQ(findModeByPvr(0x004b0201), nullptr);
}

TEST(ModeSet, keepsBitsThatTheTableLacks) {
    const ModeSet set(0x4000000000000001U);
    EXPECT_EQ(set.bits(), 0x4000000000000001U);
    EXPECT_EQ(newestMode(set), findModeByName("power9"));
}

TEST(ModeSet, hasNoNewestWhereItHasNoMode) {
    EXPECT_EQ(newestMode(ModeSet()), nullptr);
    EXPECT_EQ(newestMode(ModeSet(1)), nullptr);
}

TEST(ModeTable, takesANewGenerationAsOneRow) {
    std::vector<Mode> longer(modeTable().begin(), modeTable().end());
    longer.push_back({"power12", "POWER12", 0x00830000, 0xffff0000, 0x0f000008, 1ULL << 59});
    const ModeTable table(longer);
    const Mode* power12 = findModeByName("power12", table);
    ASSERT_NE(power12, nullptr);
    EXPECT_EQ(findModeByCpuModel("POWER12", table), power12);
    EXPECT_EQ(findModeByLogicalPvr(0x0f000008, table), power12);
    EXPECT_EQ(findModeByPvr(0x00830100, table), power12);
    EXPECT_EQ(newestMode(allModes(table), table), power12);
    EXPECT_EQ(modesUpTo(*power12, table), allModes(table));
    EXPECT_EQ(modesUpTo(*findModeByName("power11", table), table), allModes());
}

TEST(ModeTable, isUnambiguous) {
    const auto table = modeTable();
    for (auto left = table.begin(); left != table.end(); ++left) {
        for (auto right = left + 1; right != table.end(); ++right) {
            EXPECT_NE(left->name, right->name);
            EXPECT_NE(left->cpuModel, right->cpuModel);
            EXPECT_NE(left->logicalPvr, right->logicalPvr);
            EXPECT_EQ(left->capabilityBit & right->capabilityBit, 0U);
            EXPECT_NE(left->pvr, right->pvr & left->pvrMask);
        }
    }
}

} // namespace
} // namespace hostcompat::model
