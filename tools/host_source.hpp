// SPDX-License-Identifier: LGPL-2.1-or-later
// This host, or the record that stands in for it.
#pragma once

#include "driver/answer/probe_host.hpp"

#include <string>

namespace hostcompat::tools {

/// Looks at this host, or reads the record where a file is named.
/// Errors: those of probeHost(), readInput() and parseRecord().
Result<ProbedHost> lookAtHost(const std::string& probeFile);

} // namespace hostcompat::tools
