// SPDX-License-Identifier: LGPL-2.1-or-later
// This host, or the record that stands in for it.
#pragma once

#include "driver/answer/probe_host.hpp"

#include <string>

namespace hostcompat::tools {

/// Looks at this host, or reads the record where a file is named. A record is parsed in the sealed
/// sandbox unless that is not wanted, so every other input must have been read before. The
/// topology is read only on this host, and only where it is wanted.
/// Errors: those of probeHost(), readInput(), parseRecord() and enterSandbox().
Result<answer::ProbedHost> lookAtHost(const std::string& probeFile, bool noSandbox,
                                      bool topology = false);

} // namespace hostcompat::tools
