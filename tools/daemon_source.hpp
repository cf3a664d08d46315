// SPDX-License-Identifier: LGPL-2.1-or-later
// The answers of libvirt daemons, and the modes of this host if a daemon is on this host.
#pragma once

#include "driver/answer/probe_host.hpp"
#include "driver/libvirt/client.hpp"
#include "driver/policy/host.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace hostcompat::tools {

/// One daemon, or why it could not be asked.
using Daemon = Result<libvirt::ConnectedHost>;

/// The value of --timeout.
std::chrono::milliseconds timeoutOf(double seconds);

/// Asks daemons, over read-only connections if that is enough. @param timeout in seconds, for each.
/// Errors of each: those of libvirt::askDaemons().
std::vector<Daemon> askDaemons(const std::vector<std::string>& uris, double timeout,
                               libvirt::ConnectOptions options);

/// A daemon, and the modes of its host if that is this host or a record is given.
struct AskedDaemon {
    libvirt::ConnectedHost daemon;
    std::optional<answer::ProbedHost> here;
};

/// Asks one daemon and its host; gives up all rights afterwards. Errors: those of askDaemons() and
/// lookAtHostAndSeal().
Result<AskedDaemon> askDaemon(const std::string& uri, double timeout,
                              libvirt::ConnectOptions options, const std::string& probe,
                              bool noSandbox);

/// Why this host's modes are not added to the daemon's document, as a clause with what to do.
std::string perhapsAnotherHost(const libvirt::ConnectedHost& daemon);

/// The host to check for: this host if the daemon is on it and its modes are known, otherwise the
/// host that the daemon's capabilities document describes. Parses the document, so the caller must
/// have given up its rights. Errors: those of CapabilitiesDocument::read() and policyHost().
Result<policy::PolicyHost> policyHostOf(const libvirt::ConnectedHost& daemon,
                                        const std::optional<answer::ProbedHost>& here);

} // namespace hostcompat::tools
