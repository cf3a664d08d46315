// SPDX-License-Identifier: LGPL-2.1-or-later
// The messages about a host's answer.
#pragma once

#include "driver/host/facts.hpp"
#include "driver/kvm/probe.hpp"

#include <string>
#include <string_view>

namespace hostcompat::answer {

/// Why the modes of a host that is not POWER are unknown.
std::string reasonNotPower(const host::HostFacts& facts);

/// Why KVM gave no answer, with what to do. For every outcome but answered and tried.
std::string reasonFromKvm(const kvm::KvmAnswer& kvm, const host::HostFacts& facts);

/// Why a host runs in an older mode than its processor's own, as half a sentence; empty if it does
/// not, or is not known to.
std::string reasonForOlderMode(const model::HostIdentity& host);

/// Why the trial's answers are not used.
std::string reasonFromTrial(const kvm::KvmAnswer& kvm, const host::HostFacts& facts);

/// Why the modes are unknown if the host's own mode is not known.
///
/// @param problem what ownLevel() says.
std::string reasonWithoutLevel(std::string_view problem);

} // namespace hostcompat::answer
