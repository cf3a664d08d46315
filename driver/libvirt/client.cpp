// SPDX-License-Identifier: LGPL-2.1-or-later
// Asks libvirt daemons, with one child process for each connection.
#include "driver/libvirt/client.hpp"

#include "driver/libvirt/library.hpp"
#include "driver/libvirt/uri.hpp"
#include "driver/process/child_process.hpp"
#include "driver/sandbox/sandbox.hpp"

#include <fmt/format.h>
#include <sys/utsname.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <string_view>

namespace hostcompat::libvirt {

namespace {

std::string nameForMessages(const std::string& uri) {
    return uri.empty() ? "libvirt's default URI" : uri;
}

/// A host's name without its domain, which may be present on one side only.
std::string_view shortName(std::string_view name) {
    return name.substr(0, name.find('.'));
}

bool hasOurName(const LibvirtConnection& connection) {
    const auto theirs = connection.hostname();
    utsname ours{};
    return theirs && ::uname(&ours) == 0 && !shortName(*theirs).empty() &&
           shortName(*theirs) == shortName(ours.nodename);
}

bool isThisHost(const LibvirtConnection& connection, std::string_view uri) {
    const ConnectionUri place = readUri(uri);
    if (place.scheme != "qemu")
        return false;
    return place.place == UriPlace::thisHost ||
           (place.place == UriPlace::privateSocket && hasOurName(connection));
}

GuestProcess processOf(const ConnectedDomain& domain, const ConnectedHost& host) {
    if (!host.thisHost || readUri(host.uri).path != "/system")
        return {.commandLine = {}, .note = "the daemon is not the system's on this host"};
    return readGuestProcess(domain.name);
}

Result<ConnectedHost> ask(const LibvirtLibrary& library, const std::string& uri,
                          const ConnectOptions& options) {
    const bool readOnly = options.document == HostDocument::capabilities && !options.translate;
    const auto connection =
        LibvirtConnection::open(library, uri, readOnly ? Access::readOnly : Access::readWrite);
    if (!connection)
        return std::unexpected(connection.error());
    auto resolved = connection->uri();
    if (!resolved)
        return std::unexpected(std::move(resolved.error()));
    auto document = options.document == HostDocument::capabilities
                        ? connection->capabilities()
                        : connection->domainCapabilities();
    if (!document)
        return std::unexpected(std::move(document.error()));
    ConnectedHost host{.uri = std::move(*resolved), .capabilities = std::move(*document)};
    host.thisHost = isThisHost(*connection, host.uri);
    if (options.domains) {
        auto domains = connection->domains(options.domainNames);
        if (!domains)
            return std::unexpected(std::move(domains.error()));
        host.domains = std::move(*domains);
    }
    for (ConnectedDomain& domain : host.domains) {
        if (options.processes && !domain.running.empty())
            domain.process = processOf(domain, host);
        if (!options.translate || domain.defined.empty())
            continue;
        auto translation = connection->translate(domain);
        if (!translation)
            return std::unexpected(std::move(translation.error()));
        domain.translation = std::move(*translation);
    }
    return host;
}

/// Runs in the child when it has the document: drops its privileges, and calls `reduce`.
Result<void> reduce(ConnectedHost& host, const ConnectOptions& options) {
    if (!options.noSandbox)
        if (auto entered = sandbox::enterSandbox(sandbox::SandboxReach::sealed); !entered)
            return std::unexpected(std::move(entered.error()));
    auto reduced = options.reduce(host);
    if (!reduced)
        return std::unexpected(std::move(reduced.error()));
    host.capabilities = std::move(*reduced);
    return {};
}

// The answer of a child has fields that end with a NUL byte, which no string from libvirt contains.
// A string of arbitrary bytes is preceded by a field with its length. The caller, which still has
// its privileges, only splits this answer.

std::string pack(const Result<ConnectedHost>& result) {
    std::string text;
    const auto add = [&text](std::string_view field) { (text += field) += '\0'; };
    const auto addText = [&](std::string_view any) {
        add(std::to_string(any.size()));
        text += any;
    };
    if (result) {
        add("host");
        add(result->thisHost ? "this" : "other");
        add(result->uri);
        addText(result->capabilities);
        for (const ConnectedDomain& domain : result->domains) {
            add(domain.name);
            addText(domain.running);
            addText(domain.defined);
            add(!domain.translation ? "" : domain.translation->refused ? "refused" : "line");
            addText(domain.translation ? domain.translation->text : "");
            addText(domain.process.commandLine);
            addText(domain.process.note);
        }
        return text;
    }
    const Error& error = result.error();
    add(error.kind == ErrorKind::system ? "system" : "input");
    add(error.action);
    add(std::to_string(error.line));
    add(std::to_string(error.errorNumber));
    add(error.reason);
    return text + error.remedy;
}

/// Removes and returns the next field.
std::string_view nextField(std::string_view& text) {
    const std::string_view field = text.substr(0, text.find('\0'));
    text.remove_prefix(std::min(text.size(), field.size() + 1));
    return field;
}

template <typename Number>
Number nextNumber(std::string_view& text) {
    const std::string_view field = nextField(text);
    Number number = 0;
    std::from_chars(field.data(), field.data() + field.size(), number);
    return number;
}

/// Removes and returns the next string, with the field of its length.
std::string_view nextText(std::string_view& text) {
    const auto size = nextNumber<std::size_t>(text);
    const std::string_view found = text.substr(0, size);
    text.remove_prefix(found.size());
    return found;
}

Error connectError(std::string action, const std::string& uri, std::string reason,
                   std::string remedy = {}) {
    return {.kind = ErrorKind::input,
            .action = std::move(action),
            .subject = nameForMessages(uri),
            .reason = std::move(reason),
            .remedy = std::move(remedy)};
}

Result<ConnectedHost> unpack(std::string_view text, const std::string& uri) {
    const std::string_view kind = nextField(text);
    if (kind == "host") {
        ConnectedHost host;
        host.thisHost = nextField(text) == "this";
        host.uri = nextField(text);
        host.capabilities = nextText(text);
        while (!text.empty()) {
            ConnectedDomain domain;
            domain.name = nextField(text);
            domain.running = nextText(text);
            domain.defined = nextText(text);
            const std::string_view translated = nextField(text);
            const std::string_view translation = nextText(text);
            if (!translated.empty())
                domain.translation = Translation{.refused = translated == "refused",
                                                 .text = std::string(translation)};
            domain.process.commandLine = nextText(text);
            domain.process.note = nextText(text);
            host.domains.push_back(std::move(domain));
        }
        return host;
    }
    Error error;
    error.kind = kind == "system" ? ErrorKind::system : ErrorKind::input;
    error.action = nextField(text);
    error.subject = nameForMessages(uri);
    error.line = nextNumber<std::size_t>(text);
    error.errorNumber = nextNumber<int>(text);
    error.reason = nextField(text);
    error.remedy = text;
    return std::unexpected(std::move(error));
}

Result<ConnectedHost> readOutcome(process::IsolatedOutcome outcome, const std::string& uri,
                                  std::chrono::milliseconds timeout) {
    switch (outcome.end) {
    case process::IsolatedOutcome::End::finished:
        return unpack(outcome.text, uri);
    case process::IsolatedOutcome::End::timedOut:
        return std::unexpected(
            connectError("connect to", uri,
                         fmt::format("there was no answer within {} seconds",
                                     static_cast<double>(timeout.count()) / 1000.0),
                         "check that the daemon works there, or give more time with --timeout"));
    case process::IsolatedOutcome::End::died:
        break;
    }
    return std::unexpected(connectError(
        "connect to", uri,
        outcome.signal == 0
            ? std::string("the connection's process ended without an answer")
            : fmt::format("the connection's process was ended by signal {} ({})", outcome.signal,
                          sigdescr_np(outcome.signal) ? sigdescr_np(outcome.signal) : "unknown")));
}

} // namespace

std::vector<Result<ConnectedHost>> askDaemons(std::span<const std::string> uris,
                                              const ConnectOptions& options) {
    // Load the library before the children start, so that it is loaded once and they share its
    // pages.
    const auto library = LibvirtLibrary::load();
    if (!library)
        return {uris.size(), std::unexpected(library.error())};
    std::vector<process::IsolatedWork> work;
    work.reserve(uris.size());
    for (const std::string& uri : uris)
        work.emplace_back([&library, &uri, &options] {
            auto host = ask(*library, uri, options);
            if (host && options.reduce)
                if (auto reduced = reduce(*host, options); !reduced)
                    host = std::unexpected(std::move(reduced.error()));
            return pack(host);
        });
    auto outcomes = process::runIsolated(work, options.timeout, options.jobs);
    if (!outcomes)
        return {uris.size(), std::unexpected(outcomes.error())};
    std::vector<Result<ConnectedHost>> results;
    results.reserve(uris.size());
    for (std::size_t index = 0; index < uris.size(); ++index)
        results.push_back(readOutcome(std::move((*outcomes)[index]), uris[index], options.timeout));
    return results;
}

} // namespace hostcompat::libvirt
