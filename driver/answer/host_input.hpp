// SPDX-License-Identifier: LGPL-2.1-or-later
// Hosts of inputs that may be documents or records.
#pragma once

#include "driver/model/error.hpp"
#include "driver/xml/host_modes.hpp"

#include <string_view>
#include <vector>

namespace hostcompat::answer {

/// Reads what an input says of its hosts: records, one or several, as "show --json" prints them, or
/// documents as xml::readHostModes() takes them. A record of a host whose modes are unknown does
/// not say which modes it supports.
///
/// @param bytes, name as for xml::readHostModes().
/// @return an entry for each host, in order; Errors: those of parseRecord(), with the line in the
/// input, and of xml::readHostModes(). Never empty.
std::vector<Result<xml::HostModes>> readHostModes(std::string_view bytes, std::string_view name);

} // namespace hostcompat::answer
