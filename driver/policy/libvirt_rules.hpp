// SPDX-License-Identifier: LGPL-2.1-or-later
// What libvirt refuses to read in a domain's type, architecture and <cpu>.
#pragma once

#include "driver/xml/domain.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace hostcompat::policy {

/// Why libvirt would refuse the document, and what to change.
struct Refusal {
    std::string reason;
    std::string remedy;
};

/// Every rule of libvirt that the domain breaks, and that holds on every host; of POWER also what
/// QEMU refuses of <topology>.
///
/// @param hostArch the architecture of a domain that names none.
std::vector<Refusal> refusedByLibvirt(const xml::Domain& domain, std::string_view hostArch = {});

} // namespace hostcompat::policy
