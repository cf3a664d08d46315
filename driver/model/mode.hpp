// SPDX-License-Identifier: LGPL-2.1-or-later
// The table of IBM POWER compatibility modes and sets of them.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hostcompat::model {

/// The versions of a processor: those whose register PVR has this value in the bits of the mask
/// (Linux arch/powerpc/kernel/cputable.c: version in the upper 16 bits, revision below).
struct ProcessorVersion {
    std::uint32_t value;
    std::uint32_t mask;
};

/// Guests of modes with a lower number have no radix page table: they need KVM to give them a
/// hashed one (ISA 3.0 brought radix, with POWER9).
inline constexpr unsigned kFirstRadixMode = 9;

/// One processor generation that a guest can run in.
struct Mode {
    /// The number in the name. Modes are ordered by it.
    unsigned number;
    /// The name in domain XML and in QEMU's max-cpu-compat (libvirt src/cpu_map/ppc64_*.xml, lower
    /// case).
    std::string_view name;
    /// The CPU model name that libvirt reports for such a host (upper case).
    std::string_view cpuModel;
    /// The processors of the generation, at least one.
    std::span<const ProcessorVersion> processors;
    /// The architected level: what cpu-version holds in a mode (Linux asm/reg.h, PVR_ARCH_*;
    /// PAPR 2.13).
    std::uint32_t logicalPvr;
    /// The bit of kvm_ppc_compat_caps::compat_capabilities (Linux 7.3, asm/kvm.h); 0 if the kernel
    /// has none for the mode.
    std::uint64_t capabilityBit;
};

/// A table of modes, oldest first. It is a parameter of functions, so that a test can pass a longer
/// one.
using ModeTable = std::span<const Mode>;

/// The modes that this version knows, oldest first. A new generation is one new row of it.
ModeTable modeTable();

/// A set of modes by their numbers. It also holds modes that the table does not have, because
/// documents of a newer version may name them.
class ModeSet {
public:
    /// Numbers are below this.
    static constexpr unsigned kEnd = 100;

    constexpr ModeSet() = default;
    constexpr ModeSet(std::initializer_list<unsigned> numbers) {
        for (const unsigned number : numbers)
            insert(number);
    }

    /// Adds the mode of a number from 1 to kEnd - 1; another number changes nothing.
    constexpr void insert(unsigned number) {
        if (number != 0 && number < kEnd)
            words_[number / 64] |= std::uint64_t{1} << (number % 64);
    }
    constexpr void insert(const Mode& mode) {
        insert(mode.number);
    }
    constexpr bool contains(unsigned number) const {
        return number < kEnd && (words_[number / 64] >> (number % 64) & 1U) != 0;
    }
    constexpr bool contains(const Mode& mode) const {
        return contains(mode.number);
    }
    constexpr bool empty() const {
        return *this == ModeSet();
    }
    constexpr bool includes(ModeSet other) const {
        return (*this & other) == other;
    }
    /// The numbers of the modes, ascending.
    std::vector<unsigned> numbers() const;
    /// The highest number; 0 for an empty set.
    unsigned newest() const;

    friend constexpr ModeSet operator&(ModeSet left, ModeSet right) {
        for (std::size_t word = 0; word < left.words_.size(); ++word)
            left.words_[word] &= right.words_[word];
        return left;
    }
    friend constexpr ModeSet operator|(ModeSet left, ModeSet right) {
        for (std::size_t word = 0; word < left.words_.size(); ++word)
            left.words_[word] |= right.words_[word];
        return left;
    }
    /// The modes of the first that the second does not have.
    friend constexpr ModeSet operator-(ModeSet left, ModeSet right) {
        for (std::size_t word = 0; word < left.words_.size(); ++word)
            left.words_[word] &= ~right.words_[word];
        return left;
    }
    friend constexpr auto operator<=>(const ModeSet&, const ModeSet&) = default;

private:
    std::array<std::uint64_t, 2> words_{};
};

/// The name of a mode by its number: "power9".
std::string modeName(unsigned number);

/// The number of a mode by its name ("power" and a number from 1 to 99 without leading zeros);
/// nothing for any other text.
std::optional<unsigned> modeNumber(std::string_view name);

/// The mode of that number, or null.
const Mode* findModeByNumber(unsigned number, ModeTable table = modeTable());

/// The mode of that name (exact, lower case), or null.
const Mode* findModeByName(std::string_view name, ModeTable table = modeTable());

/// The mode of that CPU model name (exact, upper case), or null.
const Mode* findModeByCpuModel(std::string_view cpuModel, ModeTable table = modeTable());

/// The number of the generation of a CPU model's name: POWER and a number, in any case, and behind
/// it nothing or what names a variant ("POWER8E", "POWER8NVL", "power7+", "POWER9_v2.2"). 0 for any
/// other text. It need not be in the table.
unsigned generationOfCpuModel(std::string_view cpuModel);

/// The mode of that architected level (0x0f00000N), or null.
const Mode* findModeByLogicalPvr(std::uint32_t logicalPvr, ModeTable table = modeTable());

/// The mode whose generation a raw processor version belongs to, or null.
const Mode* findModeByPvr(std::uint32_t pvr, ModeTable table = modeTable());

/// Every mode of the table.
ModeSet allModes(ModeTable table = modeTable());

/// Every number from 1 to this one.
ModeSet modesUpTo(unsigned newest);

/// The newest mode of the set that the table has, or null if it has none.
const Mode* newestMode(ModeSet set, ModeTable table = modeTable());

} // namespace hostcompat::model
