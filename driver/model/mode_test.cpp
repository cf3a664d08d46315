// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests every look-up in the table of modes, and that a new generation needs only one row.
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
        EXPECT_EQ(findModeByNumber(mode.number), &mode);
        EXPECT_EQ(modeName(mode.number), mode.name);
        ASSERT_FALSE(mode.processors.empty());
        for (const ProcessorVersion& version : mode.processors)
            EXPECT_EQ(findModeByPvr(version.value | 0x1202), &mode);
    }
}

TEST(Mode, hasTheKernelsValues) {
    const Mode* power8 = findModeByName("power8");
    ASSERT_NE(power8, nullptr);
    EXPECT_EQ(power8->capabilityBit, 0U);
    EXPECT_EQ(power8->logicalPvr, 0x0f000004U);
    for (const std::uint32_t pvr : {0x004b0201U, 0x004c0100U, 0x004d0200U})
        EXPECT_EQ(findModeByPvr(pvr), power8);
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
    for (auto name : {"POWER9", "power7", "power42", "", "power9 "})
        EXPECT_EQ(findModeByName(name), nullptr) << name;
    EXPECT_EQ(findModeByCpuModel("power9"), nullptr);
    EXPECT_EQ(findModeByNumber(7), nullptr);
    EXPECT_EQ(findModeByLogicalPvr(0x0f000003), nullptr);
    EXPECT_EQ(findModeByPvr(0x003f0201), nullptr);
}

TEST(Generation, isOfEveryNameOfAProcessor) {
    for (const auto& [name, number] : {std::pair{"POWER9", 9U},
                                       {"power9", 9U},
                                       {"Power11", 11U},
                                       {"POWER8E", 8U},
                                       {"POWER8NVL", 8U},
                                       {"power7+", 7U},
                                       {"POWER7+_v2.1", 7U},
                                       {"POWER9_v2.2", 9U},
                                       {"POWER12", 12U},
                                       {"", 0U},
                                       {"POWER", 0U},
                                       {"power", 0U},
                                       {"POWERPC", 0U},
                                       {"POWER9X", 0U},
                                       {"Skylake", 0U},
                                       {"POWER123", 0U},
                                       {"e500", 0U}})
        EXPECT_EQ(generationOfCpuModel(name), number) << name;
}

TEST(ModeName, isReadBackAndNothingElseIs) {
    for (unsigned number = 1; number < ModeSet::kEnd; ++number)
        EXPECT_EQ(modeNumber(modeName(number)), number);
    for (auto name : {"", "power", "power0", "power09", "power100", "power+9", "power-1", "power 9",
                      "power9 ", "POWER9", "power7+", "power99999999999999999999"})
        EXPECT_EQ(modeNumber(name), std::nullopt) << name;
}

TEST(ModeSet, holdsModesBeyondTheTable) {
    ModeSet set{9, 64, 99};
    EXPECT_EQ(set.numbers(), (std::vector<unsigned>{9, 64, 99}));
    EXPECT_EQ(set.newest(), 99U);
    EXPECT_EQ(newestMode(set), findModeByName("power9"));
    set.insert(0);
    set.insert(100);
    EXPECT_EQ(set, (ModeSet{9, 64, 99}));
    EXPECT_FALSE(set.contains(0));
    EXPECT_FALSE(set.contains(164));
}

TEST(ModeSet, isASet) {
    const ModeSet left{8, 9, 70};
    const ModeSet right{9, 70, 80};
    EXPECT_EQ(left & right, (ModeSet{9, 70}));
    EXPECT_EQ(left | right, (ModeSet{8, 9, 70, 80}));
    EXPECT_EQ(left - right, ModeSet{8});
    EXPECT_TRUE(left.includes({8, 70}));
    EXPECT_FALSE(left.includes(right));
    EXPECT_EQ(modesUpTo(3), (ModeSet{1, 2, 3}));
    EXPECT_TRUE(modesUpTo(0).empty());
}

TEST(ModeSet, hasNoNewestWhereItHasNoMode) {
    EXPECT_EQ(ModeSet().newest(), 0U);
    EXPECT_EQ(newestMode(ModeSet()), nullptr);
    EXPECT_EQ(newestMode({12}), nullptr);
}

TEST(ModeTable, takesANewGenerationAsOneRow) {
    constexpr std::array processors{ProcessorVersion{0x00830000, 0xffff0000}};
    std::vector<Mode> longer(modeTable().begin(), modeTable().end());
    longer.push_back({12, "power12", "POWER12", processors, 0x0f000008, 1ULL << 59});
    const ModeTable table(longer);
    const Mode* power12 = findModeByName("power12", table);
    ASSERT_NE(power12, nullptr);
    EXPECT_EQ(findModeByNumber(12, table), power12);
    EXPECT_EQ(findModeByCpuModel("POWER12", table), power12);
    EXPECT_EQ(findModeByLogicalPvr(0x0f000008, table), power12);
    EXPECT_EQ(findModeByPvr(0x00830100, table), power12);
    EXPECT_EQ(newestMode(allModes(table), table), power12);
}

TEST(ModeTable, isOrderedByNumber) {
    EXPECT_TRUE(std::ranges::is_sorted(modeTable(), {}, &Mode::number));
}

TEST(ModeTable, isUnambiguous) {
    const auto table = modeTable();
    for (auto left = table.begin(); left != table.end(); ++left) {
        for (auto right = left + 1; right != table.end(); ++right) {
            EXPECT_NE(left->name, right->name);
            EXPECT_NE(left->cpuModel, right->cpuModel);
            EXPECT_NE(left->logicalPvr, right->logicalPvr);
            EXPECT_EQ(left->capabilityBit & right->capabilityBit, 0U);
            EXPECT_NE(left->number, right->number);
            for (const ProcessorVersion& version : left->processors)
                for (const ProcessorVersion& other : right->processors)
                    EXPECT_NE(version.value, other.value & version.mask);
        }
    }
}

} // namespace
} // namespace hostcompat::model
