// SPDX-License-Identifier: LGPL-2.1-or-later
// One child process for each connection; what it found comes back as JSON.
#include "driver/libvirt/client.hpp"

#include "driver/libvirt/library.hpp"
#include "driver/libvirt/uri.hpp"
#include "driver/process/child_process.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <sys/utsname.h>

#include <cstring>

namespace hostcompat::libvirt {

namespace {

using Json = nlohmann::json;

std::string nameForMessages(const std::string& uri) {
    return uri.empty() ? "libvirt's default URI" : uri;
}

/// A host's name without its domain, which one side may add and the other not.
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

Result<ConnectedHost> ask(const LibvirtLibrary& library, const std::string& uri) {
    const auto connection = LibvirtConnection::open(library, uri);
    if (!connection)
        return std::unexpected(connection.error());
    auto resolved = connection->uri();
    if (!resolved)
        return std::unexpected(std::move(resolved.error()));
    auto capabilities = connection->capabilities();
    if (!capabilities)
        return std::unexpected(std::move(capabilities.error()));
    const bool thisHost = isThisHost(*connection, *resolved);
    return ConnectedHost{.uri = std::move(*resolved),
                         .capabilities = std::move(*capabilities),
                         .thisHost = thisHost};
}

// What a child says: a line of JSON, then the document as it came, whatever its bytes are.

std::string pack(const Result<ConnectedHost>& result) {
    constexpr auto replace = Json::error_handler_t::replace;
    if (!result)
        return Json{{"action", result.error().action}, {"reason", result.error().reason}}.dump(
            -1, ' ', true, replace);
    return Json{{"uri", result->uri}, {"this_host", result->thisHost}}.dump(-1, ' ', true,
                                                                            replace) +
           "\n" + result->capabilities;
}

Error connectError(std::string action, const std::string& uri, std::string reason,
                   std::string remedy = {}) {
    return {.kind = ErrorKind::input,
            .action = std::move(action),
            .subject = nameForMessages(uri),
            .reason = std::move(reason),
            .remedy = std::move(remedy)};
}

Result<ConnectedHost> unpack(std::string text, const std::string& uri) {
    const auto lineEnd = text.find('\n');
    const Json head = Json::parse(text.substr(0, lineEnd));
    if (head.contains("reason"))
        return std::unexpected(
            connectError(head.at("action").get<std::string>(), uri, head.at("reason")));
    text.erase(0, lineEnd + 1);
    return ConnectedHost{
        .uri = head.at("uri"), .capabilities = std::move(text), .thisHost = head.at("this_host")};
}

Result<ConnectedHost> readOutcome(process::IsolatedOutcome outcome, const std::string& uri,
                                  std::chrono::milliseconds timeout) {
    switch (outcome.end) {
    case process::IsolatedOutcome::End::finished:
        return unpack(std::move(outcome.text), uri);
    case process::IsolatedOutcome::End::timedOut:
        return std::unexpected(
            connectError("connect to", uri,
                         fmt::format("there was no answer within {} seconds",
                                     static_cast<double>(timeout.count()) / 1000.0),
                         "see whether the daemon there works, or allow more with --timeout"));
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

std::vector<Result<ConnectedHost>> readCapabilitiesOf(std::span<const std::string> uris,
                                                      const ConnectOptions& options) {
    // Loaded before the children start, so that they share its pages and the time.
    const auto library = LibvirtLibrary::load();
    if (!library)
        return {uris.size(), std::unexpected(library.error())};
    std::vector<process::IsolatedWork> work;
    work.reserve(uris.size());
    for (const std::string& uri : uris)
        work.emplace_back([&library, &uri] { return pack(ask(*library, uri)); });
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
