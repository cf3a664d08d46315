// SPDX-License-Identifier: LGPL-2.1-or-later
// The rows of the table of modes, and functions to look them up.
#include "driver/model/mode.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <charconv>

namespace hostcompat::model {

namespace {

// Linux arch/powerpc/include/asm/reg.h: PVR_POWER8E, PVR_POWER8NVL, PVR_POWER8, PVR_POWER9 and
// later ones.
constexpr std::array kPower8{ProcessorVersion{0x004b0000, 0xffff0000},
                             ProcessorVersion{0x004c0000, 0xffff0000},
                             ProcessorVersion{0x004d0000, 0xffff0000}};
constexpr std::array kPower9{ProcessorVersion{0x004e0000, 0xffff0000}};
constexpr std::array kPower10{ProcessorVersion{0x00800000, 0xffff0000}};
constexpr std::array kPower11{ProcessorVersion{0x00820000, 0xffff0000}};

constexpr std::array kModes{
    Mode{8, "power8", "POWER8", kPower8, 0x0f000004, 0},
    Mode{9, "power9", "POWER9", kPower9, 0x0f000005, 1ULL << 62},
    Mode{10, "power10", "POWER10", kPower10, 0x0f000006, 1ULL << 61},
    Mode{11, "power11", "POWER11", kPower11, 0x0f000007, 1ULL << 60},
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

std::vector<unsigned> ModeSet::numbers() const {
    std::vector<unsigned> result;
    for (unsigned number = 1; number < kEnd; ++number)
        if (contains(number))
            result.push_back(number);
    return result;
}

unsigned ModeSet::newest() const {
    for (std::size_t word = words_.size(); word-- > 0;)
        if (words_[word] != 0)
            return static_cast<unsigned>(word * 64 + std::bit_width(words_[word]) - 1);
    return 0;
}

std::string modeName(unsigned number) {
    return fmt::format("power{}", number);
}

std::optional<unsigned> modeNumber(std::string_view name) {
    constexpr std::string_view prefix = "power";
    if (!name.starts_with(prefix))
        return std::nullopt;
    name.remove_prefix(prefix.size());
    unsigned number = 0;
    const char* end = name.data() + name.size();
    const auto [stop, error] = std::from_chars(name.data(), end, number);
    if (error != std::errc() || stop != end || name.front() == '0' || number >= ModeSet::kEnd)
        return std::nullopt;
    return number;
}

const Mode* findModeByNumber(unsigned number, ModeTable table) {
    return findMode(table, [&](const Mode& mode) { return mode.number == number; });
}

const Mode* findModeByName(std::string_view name, ModeTable table) {
    return findMode(table, [&](const Mode& mode) { return mode.name == name; });
}

const Mode* findModeByCpuModel(std::string_view cpuModel, ModeTable table) {
    return findMode(table, [&](const Mode& mode) { return mode.cpuModel == cpuModel; });
}

unsigned generationOfCpuModel(std::string_view cpuModel) {
    std::string name(cpuModel);
    for (char& letter : name)
        if (letter >= 'A' && letter <= 'Z')
            letter = static_cast<char>(letter | 0x20);
    constexpr std::size_t kPrefix = std::string_view("power").size();
    const std::size_t end = std::min(name.find_first_not_of("0123456789", kPrefix), name.size());
    const std::string_view variant = std::string_view(name).substr(std::min(end, name.size()));
    if (!variant.empty() && variant != "e" && variant != "nvl" && variant != "+" &&
        !variant.starts_with("_v") && !variant.starts_with("+_v"))
        return 0;
    return modeNumber(std::string_view(name).substr(0, end)).value_or(0);
}

const Mode* findModeByLogicalPvr(std::uint32_t logicalPvr, ModeTable table) {
    return findMode(table, [&](const Mode& mode) { return mode.logicalPvr == logicalPvr; });
}

const Mode* findModeByPvr(std::uint32_t pvr, ModeTable table) {
    return findMode(table, [&](const Mode& mode) {
        return std::ranges::any_of(mode.processors, [&](const ProcessorVersion& version) {
            return (pvr & version.mask) == version.value;
        });
    });
}

ModeSet allModes(ModeTable table) {
    ModeSet set;
    for (const Mode& mode : table)
        set.insert(mode);
    return set;
}

ModeSet modesUpTo(unsigned newest) {
    ModeSet set;
    for (unsigned number = 1; number <= newest; ++number)
        set.insert(number);
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
