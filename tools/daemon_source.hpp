// SPDX-License-Identifier: LGPL-2.1-or-later
// What libvirt daemons say, with this host's answer where it is about the same host.
#pragma once

#include "driver/answer/probe_host.hpp"
#include "driver/libvirt/client.hpp"
#include "driver/policy/host.hpp"

#include <optional>
#include <string>
#include <vector>

namespace hostcompat::tools {

/// One daemon, or why it could not be asked.
using Daemon = Result<libvirt::ConnectedHost>;

/// Asks daemons, read-only. @param timeout in seconds, for each.
/// Errors of each: those of libvirt::askDaemons().
std::vector<Daemon> askDaemons(const std::vector<std::string>& uris, double timeout,
                               libvirt::ConnectOptions options);

/// This host, where a daemon's document is about it or a record stands in for it; else nothing.
/// Errors: those of lookAtHost().
Result<std::optional<answer::ProbedHost>> hostBehind(const libvirt::ConnectedHost& daemon,
                                                     const std::string& probe, bool noSandbox);

/// The host to decide about: this one where the daemon is about it and its modes are known, else
/// what the daemon's capabilities document says. Parses the document, so the caller must have given
/// up its rights. Errors: those of CapabilitiesDocument::read() and policyHost().
Result<policy::PolicyHost> policyHostOf(const libvirt::ConnectedHost& daemon,
                                        const std::optional<answer::ProbedHost>& here);

/// A domain's name for messages: "web", or "web (running)" for what a running domain runs with.
std::string nameOf(const libvirt::ConnectedDomain& domain);

} // namespace hostcompat::tools
