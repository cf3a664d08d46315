// SPDX-License-Identifier: LGPL-2.1-or-later
// The rows of the table of modes, and look-ups in it.
#include "driver/model/mode.hpp"

#include <algorithm>
#include <array>

namespace hostcompat::model {

namespace {

constexpr std::array kModes{
    Mode{"power9", "POWER9", 0x004e0000, 0xffff0000, 0x0f000005, 1ULL << 62},
    Mode{"power10", "POWER10", 0x00800000, 0xffff0000, 0x0f000006, 1ULL << 61},
    Mode{"power11", "POWER11", 0x00820000, 0xffff0000, 0x0f000007, 1ULL << 60},
};

template <typename Predicate>
const Mode* findMode(ModeTable table, Predicate predicate) {
    auto row = std::ranges::find_if(table, predicate);
    return row == table.end() ? nullptr : &*row;
}

} // namespace

ModeTable modeTable() {
    return kModes;
}

const Mode* findModeByName(std::string_view name, ModeTable table) {
    return findMode(table, [&](const Mode& mode) { return mode.name == name; });
}

const Mode* findModeByCpuModel(std::string_view cpuModel, ModeTable table) {
    return findMode(table, [&](const Mode& mode) { return mode.cpuModel == cpuModel; });
}

const Mode* findModeByLogicalPvr(std::uint32_t logicalPvr, ModeTable table) {
    return findMode(table, [&](const Mode& mode) { return mode.logicalPvr == logicalPvr; });
}

const Mode* findModeByPvr(std::uint32_t pvr, ModeTable table) {
    return findMode(table, [&](const Mode& mode) { return (pvr & mode.pvrMask) == mode.pvr; });
}

ModeSet allModes(ModeTable table) {
    ModeSet set;
    for (const Mode& mode : table)
        set.insert(mode);
    return set;
}

ModeSet modesUpTo(const Mode& newest, ModeTable table) {
    ModeSet set;
    for (const Mode& mode : table) {
        set.insert(mode);
        if (mode.name == newest.name)
            break;
    }
    return set;
}

const Mode* newestMode(ModeSet set, ModeTable table) {
    const Mode* newest = nullptr;
    for (const Mode& mode : table)
        if (set.contains(mode))
            newest = &mode;
    return newest;
}

} // namespace hostcompat::model
