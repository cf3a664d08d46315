// SPDX-License-Identifier: LGPL-2.1-or-later
// The sentences that tell people about a host's answer.
#pragma once

#include "driver/host/facts.hpp"
#include "driver/kvm/probe.hpp"

#include <string>

namespace hostcompat {

/// Why nothing is known of a host that is not POWER.
std::string reasonNotPower(const HostFacts& facts);

/// Why KVM's own answer is missing, with what to do. For every outcome but answered and silent.
std::string reasonFromKvm(const KvmAnswer& kvm, const HostFacts& facts);

/// Why KVM-HV's silence could not be made up for from the device tree or the processor version.
std::string reasonFromSilence(const HostFacts& facts);

} // namespace hostcompat
