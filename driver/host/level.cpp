// SPDX-License-Identifier: LGPL-2.1-or-later
// Finds out the host's own level, and reports contradictions.
#include "driver/host/level.hpp"

#include <fmt/format.h>

namespace hostcompat::host {

namespace {

constexpr std::uint32_t kArchitectedMask = 0xffffff00;
constexpr std::uint32_t kArchitected = 0x0f000000;

std::expected<unsigned, std::string> processorLevel(const HostFacts& facts,
                                                    model::ModeTable table) {
    if (!facts.identity.pvr)
        return std::unexpected(
            "neither /proc/cpuinfo nor the device tree contains the processor version");
    if (const model::Mode* mode = model::findModeByPvr(*facts.identity.pvr, table))
        return mode->number;
    return std::unexpected(fmt::format("this version does not know the processor version 0x{:08x}",
                                       *facts.identity.pvr));
}

} // namespace

std::expected<unsigned, std::string> ownLevel(const HostFacts& facts, model::ModeTable table) {
    if (facts.identity.platform == model::Platform::powernv)
        return processorLevel(facts, table);
    if (!facts.level.cpuVersion)
        return std::unexpected(facts.level.problem);
    const std::uint32_t version = *facts.level.cpuVersion;
    unsigned level = 0;
    if (const model::Mode* mode = model::findModeByLogicalPvr(version, table))
        level = mode->number;
    else if ((version & kArchitectedMask) == kArchitected && version > table.back().logicalPvr)
        level = kBeyondTable;
    else if (const model::Mode* raw = model::findModeByPvr(version, table))
        level = raw->number;
    else
        return std::unexpected(fmt::format(
            "this version does not know the cpu-version 0x{:08x} of the device tree", version));
    if (const auto processor = processorLevel(facts, table); processor && *processor < level)
        return std::unexpected(
            fmt::format("the device tree's cpu-version 0x{:08x} is newer than the processor, which "
                        "is of the generation {}",
                        version, model::modeName(*processor)));
    return level;
}

} // namespace hostcompat::host
