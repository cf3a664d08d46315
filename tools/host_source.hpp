// SPDX-License-Identifier: LGPL-2.1-or-later
// This host, or a record that is used instead.
#pragma once

#include "driver/answer/probe_host.hpp"
#include "tools/console.hpp"

#include <string>
#include <string_view>

namespace hostcompat::tools {

/// Asks this host, or reads the record if a file is named. A record is parsed in the sealed
/// sandbox, unless `noSandbox` is set, so every other input must have been read before.
/// @param place what to read of this host. Errors: those of probeHost(), readInput(), parseRecord()
/// and enterSandbox().
Result<answer::ProbedHost> lookAtHost(const std::string& probeFile, bool noSandbox,
                                      const answer::HostPlace& place = {});

/// Like lookAtHost(), but gives up all rights afterwards: for commands that have read all their
/// inputs. Errors: those of lookAtHost() and enterSandbox().
Result<answer::ProbedHost> lookAtHostAndSeal(const std::string& probeFile, bool noSandbox,
                                             const answer::HostPlace& place = {});

/// Warns if the answer of a record or document comes from a source that is not trusted.
void warnOfDoubtfulSource(const model::HostCompat& compat, std::string_view name, Console& console);

} // namespace hostcompat::tools
