// SPDX-License-Identifier: LGPL-2.1-or-later
// What libvirt refuses in the <numa> of a domain's <cpu>.
#pragma once

#include "driver/policy/refusals.hpp"
#include "driver/xml/domain.hpp"

namespace hostcompat::policy::rules {

/// Adds the first rule that <numa> breaks.
///
/// @param vcpus the number in <vcpu>; 0 if it is not one.
void judgeNuma(const xml::Numa& numa, unsigned vcpus, Refusals& refusals);

} // namespace hostcompat::policy::rules
