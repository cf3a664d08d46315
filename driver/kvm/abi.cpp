// SPDX-License-Identifier: LGPL-2.1-or-later
// The table of the interface's generations.
#include "driver/kvm/abi.hpp"

#include "driver/kvm/uapi.hpp"

#include <array>

namespace hostcompat::kvm {

namespace {

// The posted patches are in no released kernel, but people built kernels with them. Version 4
// exists with two orders of the struct's members. A kernel refuses the wrong order with EINVAL,
// because it sees a size of 0, or flags of 24.
constexpr std::array kAbis{
    KvmAbi{"merged", uapi::kCapPpcCompatCaps, uapi::kPpcGetCompatCaps, 0, 1, 2, true},
    KvmAbi{"v5", uapi::kCapPpcCompatCaps, uapi::kPpcGetCompatCapsV5, 0, 1, 2, true},
    KvmAbi{"v4-agreed", uapi::kCapPpcCompatCapsV4, uapi::kPpcGetCompatCapsV4, 0, 1, 2, false},
    KvmAbi{"v4-posted", uapi::kCapPpcCompatCapsV4, uapi::kPpcGetCompatCapsV4, 1, 0, 2, false},
};

} // namespace

std::span<const KvmAbi> kvmAbiTable() {
    return kAbis;
}

} // namespace hostcompat::kvm
