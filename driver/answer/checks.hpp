// SPDX-License-Identifier: LGPL-2.1-or-later
// The checks of "doctor": everything that is needed to find out the modes, each with a hint.
#pragma once

#include "driver/host/facts.hpp"
#include "driver/kvm/probe.hpp"
#include "driver/model/host_compat.hpp"

#include <optional>
#include <vector>

namespace hostcompat::answer {

/// All checks, in the order in which they depend on each other. A check of KVM that depends on a
/// failed one is skipped.
///
/// @param kvm as for resolveCompat().
/// @param compat the result of resolveCompat() for both.
std::vector<model::Check> checkHost(const std::optional<kvm::KvmAnswer>& kvm,
                                    const host::HostFacts& facts, const model::HostCompat& compat);

} // namespace hostcompat::answer
