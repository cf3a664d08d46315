// SPDX-License-Identifier: LGPL-2.1-or-later
// Our copy of the few KVM names that are newer than the build host's <linux/kvm.h>.
//
// Values as merged in Linux 7.3 (include/uapi/linux/kvm.h and arch/powerpc/include/uapi/asm/kvm.h,
// commits ac3e65ddddf3 and b76fb087efcd; the older names have had theirs since Linux 4.20); where
// the system's header knows a name, it is checked against ours. The request numbers are built with
// _IO: on powerpc _IOC_NONE is 1, elsewhere 0.
#pragma once

#include <linux/kvm.h>
#include <sys/ioctl.h>

#include <cstdint>

namespace hostcompat::kvm::uapi {

/// The only API version there ever was (Documentation/virt/kvm/api.rst 4.1).
inline constexpr int kApiVersion = 12;

/// KVM_CHECK_EXTENSION: which modes can guests have, asked of KVM (Linux 7.3).
inline constexpr int kCapPpcCompatCaps = 250;
/// The number in the posted v4; merged kernels use it for KVM_CAP_S390_HPAGE_2G, silent on POWER.
inline constexpr int kCapPpcCompatCapsV4 = 249;
/// KVM_CHECK_EXTENSION: answers 1 for KVM-PR and for a module without backend, 0 for KVM-HV
/// (arch/powerpc/kvm/powerpc.c, kvm_vm_ioctl_check_extension()).
inline constexpr int kCapPpcGetPvinfo = 57;

/// KVM_ENABLE_CAP on a vCPU: it runs a guest of the platform PAPR (pseries), which alone has
/// modes.
inline constexpr std::uint32_t kCapPpcPapr = 68;
/// KVM_CHECK_EXTENSION: guests can have a hashed page table on processors of ISA 3.0 and later (0
/// on a bare-metal POWER8, which has no other).
inline constexpr int kCapPpcMmuHashV3 = 135;
/// KVM_CHECK_EXTENSION on pSeries: 1 where KVM uses the nested API v1, 0 with v2 and with the
/// module's option nested=0 (arch/powerpc/kvm/book3s_hv.c, kvmhv_enable_nested()).
inline constexpr int kCapPpcNestedHv = 160;
/// KVM_SET_ONE_REG: the level that a guest runs in, 32 bits (KVM_REG_PPC | KVM_REG_SIZE_U32 | 0xb7
/// of arch/powerpc/include/uapi/asm/kvm.h, which other machines do not have).
inline constexpr std::uint64_t kRegPpcArchCompat = 0x10200000000000b7;

/// struct kvm_ppc_compat_caps as merged. The two posted orders differ; see abi.hpp.
struct PpcCompatCaps {
    std::uint64_t size;
    std::uint64_t flags;
    std::uint64_t compatCapabilities;
};
static_assert(sizeof(PpcCompatCaps) == 24);

/// KVM_PPC_GET_COMPAT_CAPS as merged.
inline constexpr unsigned long kPpcGetCompatCaps = _IO(KVMIO, 0xb8);
/// The request in the posted v5.
inline constexpr unsigned long kPpcGetCompatCapsV5 = _IO(KVMIO, 0xe4);
/// The request in the posted v4, both struct orders.
inline constexpr unsigned long kPpcGetCompatCapsV4 = _IOR(KVMIO, 0xe4, PpcCompatCaps);

#ifdef KVM_CAP_PPC_COMPAT_CAPS
static_assert(KVM_CAP_PPC_COMPAT_CAPS == kCapPpcCompatCaps);
#endif
#ifdef KVM_PPC_GET_COMPAT_CAPS
static_assert(KVM_PPC_GET_COMPAT_CAPS == kPpcGetCompatCaps);
#endif
static_assert(KVM_API_VERSION == kApiVersion);
static_assert(KVM_CAP_PPC_GET_PVINFO == kCapPpcGetPvinfo);
static_assert(KVM_CAP_PPC_PAPR == kCapPpcPapr);
static_assert(KVM_CAP_PPC_MMU_HASH_V3 == kCapPpcMmuHashV3);
static_assert(KVM_CAP_PPC_NESTED_HV == kCapPpcNestedHv);
#ifdef KVM_REG_PPC_ARCH_COMPAT
static_assert(KVM_REG_PPC_ARCH_COMPAT == kRegPpcArchCompat);
#endif

} // namespace hostcompat::kvm::uapi
