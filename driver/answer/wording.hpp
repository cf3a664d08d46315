// SPDX-License-Identifier: LGPL-2.1-or-later
// The sentences that tell people about a host's answer.
#pragma once

#include "driver/host/facts.hpp"
#include "driver/kvm/probe.hpp"

#include <string>

namespace hostcompat::answer {

/// Why nothing is known of a host that is not POWER.
std::string reasonNotPower(const host::HostFacts& facts);

/// Why KVM's own answer is missing, with what to do. For every outcome but answered and silent.
std::string reasonFromKvm(const kvm::KvmAnswer& kvm, const host::HostFacts& facts);

/// Why KVM-HV's silence could not be made up for from the device tree or the processor version.
std::string reasonFromSilence(const host::HostFacts& facts);

} // namespace hostcompat::answer
