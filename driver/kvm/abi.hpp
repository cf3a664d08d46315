// SPDX-License-Identifier: LGPL-2.1-or-later
// The generations of the kernel's interface as rows of one table.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace hostcompat::kvm {

/// One generation: how to ask, and the position of each word in the answer. Every generation's
/// struct is words of 64 bits, three of them at least.
struct KvmAbi {
    /// The name that records show.
    std::string_view name;
    /// The capability that must answer 1.
    int capability;
    /// The ioctl request on a VM's descriptor.
    unsigned long request;
    /// Indices of the words.
    std::size_t sizeWord;
    std::size_t flagsWord;
    std::size_t capabilitiesWord;
    /// Whether the kernel follows the rules of an extensible struct: it may answer E2BIG with its
    /// own size.
    bool extensible;
};

/// All generations, the merged one first; a later row is tried only where every earlier one is
/// absent.
std::span<const KvmAbi> kvmAbiTable();

} // namespace hostcompat::kvm
