// SPDX-License-Identifier: LGPL-2.1-or-later
// Asks libvirt daemons for their documents, many at a time, each with a timeout.
#pragma once

#include "driver/libvirt/guest_process.hpp"
#include "driver/model/error.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace hostcompat::libvirt {

/// What a daemon would start for a domain.
struct Translation {
    /// The daemon refuses; `text` is why, in its own words.
    bool refused = false;
    /// The command line, quoted for a shell.
    std::string text;
};

/// A domain of a daemon's, with its documents as they came, without what libvirt keeps secret.
struct ConnectedDomain {
    std::string name;
    /// The document of the running domain; empty if it does not run.
    std::string running;
    /// The document for the next start; empty if the domain is not defined.
    std::string defined;
    /// Where ConnectOptions::translate asks for it: what the next start of one that is defined
    /// would be.
    std::optional<Translation> translation = {};
    /// Where ConnectOptions::processes asks for it: the process of one that runs.
    GuestProcess process = {};
};

/// The result of a connection.
struct ConnectedHost {
    /// The URI as libvirt understood it.
    std::string uri;
    /// The document, as it came; or what ConnectOptions::reduce made of it.
    std::string capabilities;
    /// Where ConnectOptions::domains asks for them: those of the daemon in the order of their
    /// names, or as they were named.
    std::vector<ConnectedDomain> domains = {};
    /// Whether the document describes this host, so that the answer of this host's KVM belongs in
    /// it: a QEMU connection to a daemon here, or, where the URI names a socket, to one that has
    /// this host's name. False if that is not certain.
    bool thisHost = false;
};

/// Which document of a host is wanted.
enum class HostDocument {
    capabilities,
    /// The domain capabilities of the daemon's preferred kind of domain. libvirt gives them only to
    /// a connection that may write.
    domainCapabilities,
};

/// What to ask, the timeout, and the number of connections at a time.
struct ConnectOptions {
    HostDocument document = HostDocument::capabilities;
    /// Whether the domains are wanted too.
    bool domains = false;
    /// The names of the domains that are wanted; empty for all.
    std::vector<std::string> domainNames = {};
    /// Whether the daemon is asked what it would start for each domain. libvirt answers that only
    /// to a connection that may write.
    bool translate = false;
    /// Whether the processes of domains that run are looked at, where that is possible.
    bool processes = false;

    /// The timeout of each connection, from its own start.
    std::chrono::milliseconds timeout{30'000};
    /// Connections at a time. Each one runs in its own process.
    std::size_t jobs = 32;
    /// Reduces a document to the part that is needed. It is called in the connection's process,
    /// after that has closed the connection and given up its rights, so untrusted documents are
    /// parsed there while the caller keeps its rights.
    std::function<Result<std::string>(const ConnectedHost&)> reduce = {};
    /// Call `reduce` without giving up rights.
    bool noSandbox = false;
};

/// Connects to each URI, read-only unless domain capabilities or translations are wanted, and reads
/// what is wanted. One that fails does not disturb the others.
///
/// @param uris as libvirt knows them; an empty one is libvirt's default.
/// @return one result for each, in their order. Its errors: kind input in libvirt's own words (also
/// of a name that no domain has), or that the deadline passed, or of `reduce`; kind system if
/// libvirt's library cannot be loaded, or this program was built without libvirt, or no process can
/// be started. The caller must have one thread only.
std::vector<Result<ConnectedHost>> askDaemons(std::span<const std::string> uris,
                                              const ConnectOptions& options);

} // namespace hostcompat::libvirt
