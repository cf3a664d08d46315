// SPDX-License-Identifier: LGPL-2.1-or-later
// Decides between what KVM says and what the host says of itself.
#pragma once

#include "driver/host/facts.hpp"
#include "driver/kvm/probe.hpp"
#include "driver/model/host_compat.hpp"

#include <optional>

namespace hostcompat::answer {

/// The host's answer, in this order:
/// 1. the kernel's own bitmap (source kvm);
/// 2. where KVM-HV works without knowing the capability, on pseries: the partition's own level and
/// every older
///    mode (source device-tree), as the kernel itself grants them for nested API v1
///    (Linux arch/powerpc/kvm/book3s_hv.c, kvmppc_get_compat_caps_hv());
/// 3. the same on PowerNV: the processor's generation and every older one (source pvr);
/// 4. otherwise unknown, with the reason. Nothing is concluded from a kernel version.
///
/// @param kvm what KVM said; nothing where it was not asked because the host is not POWER.
model::HostCompat resolveCompat(const std::optional<kvm::KvmAnswer>& kvm,
                                const host::HostFacts& facts,
                                model::ModeTable table = model::modeTable());

} // namespace hostcompat::answer
