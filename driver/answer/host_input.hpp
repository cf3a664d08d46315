// SPDX-License-Identifier: LGPL-2.1-or-later
// Reads hosts from inputs that may be documents or records.
#pragma once

#include "driver/model/error.hpp"
#include "driver/xml/host_modes.hpp"

#include <string_view>
#include <vector>

namespace hostcompat::answer {

/// Reads the hosts of an input: one or several records, as "show --json" prints them, or documents
/// as xml::readHostModes() accepts them. A record may be of a host whose modes are unknown.
///
/// @param bytes, name as for xml::readHostModes().
/// @return an entry for each host, in order; Errors: those of parseRecord(), with the line in the
/// input, and of xml::readHostModes(). Never empty.
std::vector<Result<xml::HostModes>> readHostModes(std::string_view bytes, std::string_view name);

} // namespace hostcompat::answer
