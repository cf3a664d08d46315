// SPDX-License-Identifier: LGPL-2.1-or-later
// The preconditions of a known answer, each as a check with a hint.
#pragma once

#include "driver/host/facts.hpp"
#include "driver/kvm/probe.hpp"
#include "driver/model/host_compat.hpp"

#include <optional>
#include <vector>

namespace hostcompat::answer {

/// Every precondition in the order in which they depend on each other. A check of KVM that cannot
/// be made because an earlier one failed is skipped.
///
/// @param kvm as for resolveCompat().
/// @param compat what resolveCompat() made of both.
std::vector<model::Check> checkHost(const std::optional<kvm::KvmAnswer>& kvm,
                                    const host::HostFacts& facts, const model::HostCompat& compat);

} // namespace hostcompat::answer
