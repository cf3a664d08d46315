// SPDX-License-Identifier: LGPL-2.1-or-later
// What libvirt refuses to read in a domain's type, architecture and <cpu>.
#pragma once

#include "driver/xml/domain.hpp"

#include <string>

namespace hostcompat::policy {

/// Why libvirt would refuse the document, and what to change; empty where it takes it.
struct Refusal {
    std::string reason;
    std::string remedy;
};

/// The first rule of libvirt that the domain breaks. These hold on every host.
Refusal refusedByLibvirt(const xml::Domain& domain);

} // namespace hostcompat::policy
