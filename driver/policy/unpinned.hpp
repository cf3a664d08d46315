// SPDX-License-Identifier: LGPL-2.1-or-later
// Whether a guest without a pinned mode runs in a partition that runs in an older mode.
#pragma once

#include "driver/policy/host.hpp"
#include "driver/qemu/qemu_modes.hpp"
#include "driver/xml/domain.hpp"

namespace hostcompat::policy {

/// What such a guest does where the CPU "host" of its QEMU is the processor itself.
enum class Unpinned {
    runs,             ///< it runs as the processor, in a mode that the host supports
    runsBeyond,       ///< it runs as the processor, in a mode that the partition was not granted
    stopped,          ///< KVM stops it at its first instructions; it never says a word
    stoppedOrBeyond,  ///< newer kernels stop it, older ones run it beyond what the partition was
                      ///< granted, and nothing on the host tells which kernel it has
    dependsOnKernel,  ///< some kernels run it, others stop it, and the host does not tell which it
                      ///< is
    notMeasured,      ///< no guest of such a host was seen
    processorNotTold, ///< the host does not tell its processor, which may run in an older mode
    levelNotTold,     ///< it does not tell whether it runs in its processor's own mode
};

/// Looks up what guests did on hosts like this one.
Unpinned unpinnedGuest(const PolicyHost& host);

/// The mode that the host itself runs in; 0 where nothing tells. A host that does not say runs in
/// its processor's own mode where it supports that, and in the newest one that it does support
/// where it refuses that.
unsigned partitionLevel(const PolicyHost& host);

/// Whether QEMU starts a guest as the host's processor where the partition's mode is older.
enum class Watchpoint {
    fits,    ///< its machine requires no second watchpoint register, or the host has one
    refused, ///< QEMU ends with "DAWR1 not supported by KVM"
    notTold, ///< no QEMU was asked, or it did not say so about the domain's machine
};

/// KVM has a second watchpoint register where the partition's mode has one, which is since POWER10
/// (Linux arch/powerpc/kvm/powerpc.c, KVM_CAP_PPC_DAWR1).
/// @param qemu null where none was asked.
Watchpoint secondWatchpoint(const PolicyHost& host, const xml::Domain& domain,
                            const qemu::QemuModes* qemu);

/// Whether it is known that a guest without a pinned mode comes up on the host.
bool runsUnpinned(const PolicyHost& host);

} // namespace hostcompat::policy
