// SPDX-License-Identifier: LGPL-2.1-or-later
// Asks libvirt daemons, for the commands with --connect.
#include "tools/daemon_source.hpp"

#include "driver/text/utf8.hpp"
#include "driver/xml/capabilities.hpp"
#include "tools/host_source.hpp"
#include "tools/sandboxing.hpp"

#include <fmt/format.h>

namespace hostcompat::tools {

std::chrono::milliseconds timeoutOf(double seconds) {
    return std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
}

std::vector<Daemon> askDaemons(const std::vector<std::string>& uris, double timeout,
                               libvirt::ConnectOptions options) {
    options.timeout = timeoutOf(timeout);
    return libvirt::askDaemons(uris, options);
}

Result<AskedDaemon> askDaemon(const std::string& uri, double timeout,
                              libvirt::ConnectOptions options, const std::string& probe,
                              bool noSandbox) {
    Daemon daemon = std::move(askDaemons({uri}, timeout, std::move(options)).front());
    if (!daemon)
        return std::unexpected(std::move(daemon.error()));
    AskedDaemon asked{.daemon = std::move(*daemon), .here = std::nullopt};
    if (!asked.daemon.thisHost && probe.empty()) {
        if (auto sealed = seal(noSandbox); !sealed)
            return std::unexpected(std::move(sealed.error()));
        return asked;
    }
    auto here = lookAtHostAndSeal(probe, noSandbox);
    if (!here)
        return std::unexpected(std::move(here.error()));
    asked.here = std::move(*here);
    return asked;
}

std::string perhapsAnotherHost(const libvirt::ConnectedHost& daemon) {
    return fmt::format(
        "{} may be another host than this one; enable the module there with 'virt-host-compat "
        "daemon enable', or give a record of that host with --probe",
        text::clipped(daemon.uri, 1000));
}

Result<policy::PolicyHost> policyHostOf(const libvirt::ConnectedHost& daemon,
                                        const std::optional<answer::ProbedHost>& here) {
    const auto document = xml::CapabilitiesDocument::read(daemon.capabilities, daemon.uri);
    if (!document)
        return std::unexpected(document.error());
    return here && here->record.compat.known ? policy::policyHost(here->record, *document)
                                             : policy::policyHost(*document);
}

} // namespace hostcompat::tools
