// SPDX-License-Identifier: LGPL-2.1-or-later
// Asks KVM by trying: each mode is set on a vCPU that never runs.
#pragma once

#include "driver/kvm/descriptor.hpp"
#include "driver/model/host_compat.hpp"
#include "driver/model/mode.hpp"

#include <optional>
#include <string>

namespace hostcompat::kvm {

/// A call that ended the trial before its end.
struct TrialFailure {
    /// "KVM_CREATE_VCPU", "KVM_SET_ONE_REG(KVM_REG_PPC_ARCH_COMPAT, 0x0f000005)".
    std::string call;
    int errorNumber = 0;
};

/// Makes a virtual machine with one vCPU, sets on it the control value, level 0 and the level of
/// every mode of the table, and closes both. The vCPU is never run. QEMU uses the same call to set
/// a guest's mode (QEMU target/ppc/kvm.c, kvmppc_set_compat()), and KVM checks the mode in it
/// (Linux arch/powerpc/kvm/book3s_hv.c, kvmppc_set_arch_compat()). Since Linux 7.2 the vCPU has to
/// have KVM_CAP_PPC_PAPR first. 0 and EINVAL are answers; any other errno ends the trial.
///
/// @param device the open device. @param answers what the kernel said as far as the trial got.
/// @return the call that failed, if one did.
std::optional<TrialFailure> tryModes(Descriptor& device, model::ModeTable table,
                                     model::Trial& answers);

/// The modes that the answers mean, without the limit of the host's own mode: a mode that KVM
/// accepted is supported, a mode that it refused with EINVAL is not. Limits: with nested API v2 on
/// a Power11, KVM judges power10 by the grant of power11 (map_pcr_to_cap()); kernels without commit
/// 884ea0283f4e take power11 on a POWER10, as both have one PCR value.
///
/// @return nothing if the answers cannot be believed: KVM took the control value, or it took no
/// level at all.
std::optional<model::KnownCompat> compatFromTrial(const model::Trial& answers);

} // namespace hostcompat::kvm
