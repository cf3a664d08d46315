// SPDX-License-Identifier: LGPL-2.1-or-later
// Asks daemons for the commands that take --connect.
#include "tools/daemon_source.hpp"

#include "driver/xml/capabilities.hpp"
#include "tools/host_source.hpp"

namespace hostcompat::tools {

std::vector<Daemon> askDaemons(const std::vector<std::string>& uris, double timeout,
                               libvirt::ConnectOptions options) {
    options.timeout = std::chrono::milliseconds(static_cast<std::int64_t>(timeout * 1000));
    return libvirt::askDaemons(uris, options);
}

Result<std::optional<answer::ProbedHost>> hostBehind(const libvirt::ConnectedHost& daemon,
                                                     const std::string& probe, bool noSandbox) {
    if (!daemon.thisHost && probe.empty())
        return std::nullopt;
    auto host = lookAtHost(probe, noSandbox);
    if (!host)
        return std::unexpected(std::move(host.error()));
    return std::move(*host);
}

Result<policy::PolicyHost> policyHostOf(const libvirt::ConnectedHost& daemon,
                                        const std::optional<answer::ProbedHost>& here) {
    if (here && here->record.compat.known)
        return policy::policyHost(here->record, daemon.uri);
    const auto document = xml::CapabilitiesDocument::read(daemon.capabilities, daemon.uri);
    if (!document)
        return std::unexpected(document.error());
    return policy::policyHost(*document);
}

std::string nameOf(const libvirt::ConnectedDomain& domain) {
    return domain.running ? domain.name + " (running)" : domain.name;
}

} // namespace hostcompat::tools
