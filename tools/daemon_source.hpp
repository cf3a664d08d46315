// SPDX-License-Identifier: LGPL-2.1-or-later
// What libvirt daemons say, with this host's answer where it is about the same host.
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

/// What --timeout says.
std::chrono::milliseconds timeoutOf(double seconds);

/// Asks daemons, read-only where that is enough. @param timeout in seconds, for each.
/// Errors of each: those of libvirt::askDaemons().
std::vector<Daemon> askDaemons(const std::vector<std::string>& uris, double timeout,
                               libvirt::ConnectOptions options);

/// A daemon, and this host where its documents are about it or a record stands in for it.
struct AskedDaemon {
    libvirt::ConnectedHost daemon;
    std::optional<answer::ProbedHost> here;
};

/// Asks one daemon, and the host behind it; gives up all rights afterwards.
/// Errors: those of askDaemons() and lookAtHostAndSeal().
Result<AskedDaemon> askDaemon(const std::string& uri, double timeout,
                              libvirt::ConnectOptions options, const std::string& probe,
                              bool noSandbox);

/// Why no answer of this host goes into the daemon's document, as a clause with what helps.
std::string perhapsAnotherHost(const libvirt::ConnectedHost& daemon);

/// The host to decide about: this one where the daemon is about it and its modes are known, else
/// what the daemon's capabilities document says. Parses the document, so the caller must have given
/// up its rights. Errors: those of CapabilitiesDocument::read() and policyHost().
Result<policy::PolicyHost> policyHostOf(const libvirt::ConnectedHost& daemon,
                                        const std::optional<answer::ProbedHost>& here);

} // namespace hostcompat::tools
