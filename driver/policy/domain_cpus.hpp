// SPDX-License-Identifier: LGPL-2.1-or-later
// Which CPU models guests of a host run with.
#pragma once

#include "driver/policy/host.hpp"
#include "driver/xml/domain_capabilities.hpp"

#include <span>
#include <string>

namespace hostcompat::policy {

/// What domain capabilities should say of a host: of each model whether a KVM guest with it, and
/// without a pinned mode, runs (as checkDomain() decides), and the modes that can be pinned. A
/// model of which that is not known is left out.
///
/// @param models names of CPU models, as QEMU has them.
xml::DomainCapabilitiesAnswer domainCpus(const PolicyHost& host,
                                         std::span<const std::string> models);

/// Domain capabilities with what is known of a host in them: the bytes of
/// DomainCapabilitiesDocument::withAnswer().
///
/// @param document one of which whyNotOfModes() is empty. @param record of a host whose modes are
/// known.
std::string withDomainCpus(const xml::DomainCapabilitiesDocument& document,
                           const model::HostRecord& record);

} // namespace hostcompat::policy
