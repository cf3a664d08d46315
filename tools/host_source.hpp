// SPDX-License-Identifier: LGPL-2.1-or-later
// This host, or the record that stands in for it.
#pragma once

#include "driver/answer/probe_host.hpp"
#include "tools/console.hpp"

#include <string>
#include <string_view>

namespace hostcompat::tools {

/// Looks at this host, or reads the record where a file is named. A record is parsed in the sealed
/// sandbox unless that is not wanted, so every other input must have been read before.
///
/// @param place what is read of this host.
/// Errors: those of probeHost(), readInput(), parseRecord() and enterSandbox().
Result<answer::ProbedHost> lookAtHost(const std::string& probeFile, bool noSandbox,
                                      const answer::HostPlace& place = {});

/// Looks at this host or reads the record, and gives up all rights afterwards: for commands that
/// have read all their inputs. Errors: those of lookAtHost() and enterSandbox().
Result<answer::ProbedHost> lookAtHostAndSeal(const std::string& probeFile, bool noSandbox,
                                             const answer::HostPlace& place = {});

/// Warns where the answer of a record or document comes from a source that is not believed.
void warnOfDoubtfulSource(const model::HostCompat& compat, std::string_view name, Console& console);

} // namespace hostcompat::tools
