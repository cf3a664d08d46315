// SPDX-License-Identifier: LGPL-2.1-or-later
// Hosts and guests for the tests of decisions.
#pragma once

#include "driver/policy/host.hpp"
#include "driver/xml/domain.hpp"

#include <string>
#include <utility>

namespace hostcompat::policy {

/// A host whose kernel told its modes.
inline PolicyHost testHost(std::string name, std::string model, model::ModeSet supported) {
    PolicyHost host{.name = std::move(name), .arch = "ppc64le", .model = std::move(model)};
    host.compat.known = model::KnownCompat{.source = "kvm",
                                           .supported = supported,
                                           .refused = model::allModes() - supported,
                                           .capabilities = {},
                                           .abi = {}};
    return host;
}

/// @param cpu its <cpu>, or nothing.
inline xml::Domain testGuest(const std::string& cpu, const std::string& type = "kvm") {
    const auto document = xml::DomainDocument::read(
        "<domain type='" + type + "'><os><type arch='ppc64le'>hvm</type></os>" + cpu + "</domain>",
        "g.xml");
    return document.value().domain();
}

inline std::string pinned(const std::string& mode) {
    return "<cpu mode='host-model'><model>" + mode + "</model></cpu>";
}

} // namespace hostcompat::policy
