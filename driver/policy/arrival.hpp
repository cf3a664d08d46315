// SPDX-License-Identifier: LGPL-2.1-or-later
// Decides whether a running guest can migrate to a host.
#pragma once

#include "driver/policy/check.hpp"

namespace hostcompat::policy {

/// Decides whether a running guest can arrive at a host by live migration. It keeps the mode in
/// which it runs.
///
/// @param start what checkDomain() says of the guest on the target. @param domain what the guest
/// runs with. @param source the host that it was started on and runs on; null where that is not
/// known: whether a guest without a pinned mode can arrive is unknown then.
CheckAnswer arrivalOf(CheckAnswer start, const xml::Domain& domain, const PolicyHost* source,
                      const PolicyHost& target);

} // namespace hostcompat::policy
