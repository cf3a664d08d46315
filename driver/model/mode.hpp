// SPDX-License-Identifier: LGPL-2.1-or-later
// The table of IBM POWER compatibility modes and sets of them.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace hostcompat::model {

/// One processor generation that a guest can run in.
struct Mode {
    /// The name in domain XML and in QEMU's max-cpu-compat (libvirt src/cpu_map/ppc64_*.xml, lower
    /// case).
    std::string_view name;
    /// The CPU model name that libvirt reports for such a host (upper case).
    std::string_view cpuModel;
    /// The processor version register of the generation, and the bits of it that identify the
    /// generation (Linux arch/powerpc/kernel/cputable.c: version in the upper 16 bits, revision
    /// below).
    std::uint32_t pvr;
    std::uint32_t pvrMask;
    /// The architected level: what cpu-version holds in a mode (Linux asm/reg.h, PVR_ARCH_*;
    /// PAPR 2.13).
    std::uint32_t logicalPvr;
    /// The bit of kvm_ppc_compat_caps::compat_capabilities (Linux 7.3, asm/kvm.h).
    std::uint64_t capabilityBit;
};

/// A table of modes, oldest first. Functions take one so that a test can pass a longer one.
using ModeTable = std::span<const Mode>;

/// The modes that this version knows, oldest first. A new generation is one new row of it.
ModeTable modeTable();

/// A set of modes, held as the kernel's capability bits, so it also keeps bits that no row has.
class ModeSet {
public:
    constexpr ModeSet() = default;
    constexpr explicit ModeSet(std::uint64_t capabilityBits) : bits_(capabilityBits) {}

    constexpr void insert(const Mode& mode) {
        bits_ |= mode.capabilityBit;
    }
    constexpr bool contains(const Mode& mode) const {
        return (bits_ & mode.capabilityBit) != 0;
    }
    constexpr bool empty() const {
        return bits_ == 0;
    }
    constexpr std::uint64_t bits() const {
        return bits_;
    }
    constexpr bool includes(ModeSet other) const {
        return (bits_ & other.bits_) == other.bits_;
    }
    friend constexpr ModeSet operator&(ModeSet left, ModeSet right) {
        return ModeSet(left.bits_ & right.bits_);
    }
    friend constexpr ModeSet operator|(ModeSet left, ModeSet right) {
        return ModeSet(left.bits_ | right.bits_);
    }
    friend constexpr bool operator==(ModeSet, ModeSet) = default;

private:
    std::uint64_t bits_ = 0;
};

/// The mode of that name (exact, lower case), or null.
const Mode* findModeByName(std::string_view name, ModeTable table = modeTable());

/// The mode of that CPU model name (exact, upper case), or null.
const Mode* findModeByCpuModel(std::string_view cpuModel, ModeTable table = modeTable());

/// The mode of that architected level (0x0f00000N), or null.
const Mode* findModeByLogicalPvr(std::uint32_t logicalPvr, ModeTable table = modeTable());

/// The mode whose generation a raw processor version belongs to, or null.
const Mode* findModeByPvr(std::uint32_t pvr, ModeTable table = modeTable());

/// Every mode of the table.
ModeSet allModes(ModeTable table = modeTable());

/// The mode and every older one, as nested API v1 grants them (Linux arch/powerpc/kvm/book3s_hv.c).
ModeSet modesUpTo(const Mode& newest, ModeTable table = modeTable());

/// The newest mode of the set, or null where it has none of the table's.
const Mode* newestMode(ModeSet set, ModeTable table = modeTable());

} // namespace hostcompat::model
