// SPDX-License-Identifier: LGPL-2.1-or-later
// Determines the host's modes from KVM's answer and the host's files.
#pragma once

#include "driver/host/facts.hpp"
#include "driver/kvm/probe.hpp"
#include "driver/model/host_compat.hpp"

#include <optional>

namespace hostcompat::answer {

/// The host's answer, in this order:
/// 1. the kernel's own bitmap (source kvm);
/// 2. if KVM-HV works but does not have the capability: the modes that it accepted when each was
/// set on a vCPU that never ran (source trial);
/// 3. otherwise unknown, with the reason. Nothing is concluded from a kernel version.
///
/// Over both: a mode newer than the host's own level is refused, as kernels without commit
/// 884ea0283f4e take it where it shares a PCR value with the host's; modes without a radix page
/// table are refused on pSeries ("HPT not supported in nested guests", QEMU hw/ppc/spapr.c) and,
/// where the processor has a radix one, without KVM_CAP_PPC_MMU_HASH_V3. Where the own level is not
/// known, or contradicts itself, all is unknown.
///
/// @param kvm what KVM said; nothing if it was not asked because the host is not POWER.
model::HostCompat resolveCompat(const std::optional<kvm::KvmAnswer>& kvm,
                                const host::HostFacts& facts,
                                model::ModeTable table = model::modeTable());

/// The same from the trial alone, where KVM answered with a bitmap and the trial was made too: what
/// the answer would be on a kernel without the capability. Nothing if there is no such trial, or it
/// ended early.
std::optional<model::HostCompat> resolveTrial(const kvm::KvmAnswer& kvm,
                                              const host::HostFacts& facts,
                                              model::ModeTable table = model::modeTable());

} // namespace hostcompat::answer
