// SPDX-License-Identifier: LGPL-2.1-or-later
// What becomes of a guest without a pinned mode in a partition that runs in an older mode.
#pragma once

#include "driver/policy/host.hpp"

namespace hostcompat::policy {

/// What such a guest does where the CPU "host" of its QEMU is the processor itself.
enum class Unpinned {
    runs,            ///< it runs as the processor, in a mode that the host supports
    runsBeyond,      ///< it runs as the processor, in a mode that the partition was not granted
    stopped,         ///< KVM stops it at its first instructions; it never says a word
    dependsOnKernel, ///< some kernels run it, others stop it, and the host does not tell which it
                     ///< is
    notMeasured,     ///< no guest of such a host was seen
};

/// Looks up what guests did on hosts like this one. A host that does not say which mode it runs in
/// is taken to run in its newest supported one.
Unpinned unpinnedGuest(const PolicyHost& host);

/// The mode that the host itself runs in, as unpinnedGuest() takes it; 0 where nothing tells.
unsigned partitionLevel(const PolicyHost& host);

} // namespace hostcompat::policy
