// SPDX-License-Identifier: LGPL-2.1-or-later
// Whether a guest without a pinned mode runs in a partition that runs in an older mode.
#pragma once

#include "driver/policy/host.hpp"

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

/// Whether it is known that a guest without a pinned mode comes up on the host.
bool runsUnpinned(const PolicyHost& host);

} // namespace hostcompat::policy
