// SPDX-License-Identifier: LGPL-2.1-or-later
// The preconditions of a known answer, each as a check with a hint.
#pragma once

#include "driver/compat/host_compat.hpp"
#include "driver/host/facts.hpp"
#include "driver/kvm/probe.hpp"

#include <optional>
#include <vector>

namespace hostcompat {

/// Every precondition in the order in which they depend on each other. A check that cannot be made
/// because an earlier one failed is left out.
///
/// @param kvm as for resolveCompat().
/// @param compat what resolveCompat() made of both.
std::vector<Check> checkHost(const std::optional<KvmAnswer>& kvm, const HostFacts& facts,
                             const HostCompat& compat);

} // namespace hostcompat
