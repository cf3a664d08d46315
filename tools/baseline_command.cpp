// SPDX-License-Identifier: LGPL-2.1-or-later
// The command "baseline": the newest mode that all hosts support, or which hosts have none in
// common.
#include "driver/answer/host_input.hpp"
#include "driver/libvirt/connected_baseline.hpp"
#include "driver/policy/wording.hpp"
#include "driver/xml/host_stream.hpp"
#include "tools/command.hpp"
#include "tools/daemon_source.hpp"
#include "tools/options.hpp"
#include "tools/policy_options.hpp"
#include "tools/progress.hpp"
#include "tools/sandboxing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

namespace hostcompat::tools {

namespace {

using Json = nlohmann::ordered_json;

struct BaselineOptions {
    std::vector<std::string> documents;
    std::string filesFrom;
    bool connects = false;
    std::vector<std::string> uris;
    double timeout = 30.0;
    unsigned jobs = 0;
    bool ignoreUnknown = false;
    std::string atLeast;
    bool json = false;
    bool quiet = false;
    bool noSandbox = false;
};

/// The result, as the JSON output names it.
enum class Outcome { common, none, unknown };

Outcome outcomeOf(const policy::Baseline& baseline, bool ignoreUnknown) {
    if (baseline.knownHosts() == 0)
        return Outcome::unknown;
    // The answer of an unknown host could only remove modes.
    if (baseline.common().empty())
        return baseline.undecided().empty() || ignoreUnknown ? Outcome::none : Outcome::unknown;
    return baseline.unknown().count == 0 || ignoreUnknown ? Outcome::common : Outcome::unknown;
}

std::string newestName(const policy::Baseline& baseline) {
    return model::modeName(baseline.common().newest());
}

Json hostsJson(const policy::HostNames& hosts) {
    return {{"count", hosts.count}, {"first", hosts.names}};
}

Json baselineJson(const policy::Baseline& baseline, Outcome outcome,
                  const xml::StreamCounts& counts) {
    constexpr std::array<const char*, 3> names = {"common", "none", "unknown"};
    Json modes = Json::array();
    for (const unsigned mode : baseline.modes().numbers()) {
        const policy::HostNames lacking = baseline.lacking(mode);
        modes.push_back({{"name", model::modeName(mode)},
                         {"common", baseline.knownHosts() != 0 && lacking.count == 0},
                         {"lacking", hostsJson(lacking)}});
    }
    Json explanation = Json::array();
    for (const policy::HostAndModes& host : baseline.explanation())
        explanation.push_back({{"host", host.name}, {"modes", jsonModes(host.supported)}});
    return {{"status", names[static_cast<std::size_t>(outcome)]},
            {"mode", outcome == Outcome::common ? Json(newestName(baseline)) : Json(nullptr)},
            {"hosts", baseline.knownHosts()},
            {"modes", std::move(modes)},
            {"explanation", std::move(explanation)},
            {"unknown", hostsJson(baseline.unknown())},
            {"inputs", counts.inputs},
            {"failed", counts.failed}};
}

/// Prints the smallest set of hosts without a common mode, then the hosts that lack each mode.
void explain(const policy::Baseline& baseline, Console& console) {
    const auto explanation = baseline.explanation();
    if (baseline.modes().empty())
        console.explain("none of the hosts names such a mode");
    else if (explanation.size() == 1)
        console.explain(fmt::format("{} supports none of {}", explanation[0].name,
                                    policy::wording::modeNames(baseline.modes())));
    else
        for (const policy::HostAndModes& host : explanation)
            console.explain(fmt::format("{} supports only {}", host.name,
                                        policy::wording::modeNames(host.supported)));
    for (const unsigned mode : baseline.modes().numbers())
        console.explain(fmt::format("{} is lacking on {}", model::modeName(mode),
                                    policy::wording::someHosts(baseline.lacking(mode))));
}

Status statusOf(Outcome outcome) {
    switch (outcome) {
    case Outcome::common:
        return Status::yes;
    case Outcome::none:
        return Status::no;
    case Outcome::unknown:
        break;
    }
    return Status::unknown;
}

void say(const policy::Baseline& baseline, Outcome outcome, const std::string& atLeast,
         Console& console) {
    switch (outcome) {
    case Outcome::common:
        console.printExact(fmt::format("<cpu mode='host-model'>\n  <model>{}</model>\n</cpu>\n",
                                       newestName(baseline)));
        break;
    case Outcome::none:
        console.refuse(
            atLeast.empty()
                ? "the hosts have no mode in common"
                : fmt::format("the hosts have no mode in common that is {} or newer", atLeast));
        explain(baseline, console);
        break;
    case Outcome::unknown:
        console.refuse(baseline.knownHosts() == 0 ? policy::wording::nobodySays()
                       : baseline.common().empty()
                           ? policy::wording::someDoNotSay(baseline.undecided())
                           : policy::wording::someDoNotSay(baseline.unknown().count));
        break;
    }
}

/// Asks daemons instead of reading documents. A daemon that cannot be reached is an unknown host.
Result<xml::StreamCounts> readDaemons(const BaselineOptions& options, policy::Baseline& result,
                                      Console& console) {
    const libvirt::ConnectListener listener{
        .unreachable = [&](const Error& error) { console.warn(model::describe(error)); },
        .unknown =
            [&](std::string_view uri) { console.warn(policy::wording::daemonDoesNotSay(uri)); }};
    libvirt::ConnectOptions how{.timeout = timeoutOf(options.timeout),
                                .noSandbox = options.noSandbox};
    if (options.jobs != 0)
        how.jobs = options.jobs;
    const auto counts = libvirt::connectBaseline(
        {.named = options.uris,
         .list = options.filesFrom.empty() ? std::nullopt : std::optional(options.filesFrom)},
        how, result, listener);
    if (!counts)
        return std::unexpected(counts.error());
    return xml::StreamCounts{.inputs = counts->asked, .failed = counts->unreachable};
}

Status baseline(const BaselineOptions& options, Console& console) {
    console.setQuiet(options.quiet);
    if (options.connects && !options.documents.empty())
        return console.fail({.kind = ErrorKind::usage,
                             .action = "compute a baseline of documents and daemons together",
                             .remedy = "write the daemons' documents with 'capabilities "
                                       "--connect', or name daemons only"});
    if (options.documents.empty() && options.uris.empty() && options.filesFrom.empty())
        return console.fail({.kind = ErrorKind::usage,
                             .action = "compute a baseline",
                             .reason = "no document is named",
                             .remedy = "name files, folders, - or --files-from"});
    const auto atLeast = modeOption("--at-least", options.atLeast);
    if (!atLeast)
        return console.fail(atLeast.error());
    // Asking daemons needs processes, sockets and libvirt's library. The process of each connection
    // drops its privileges before it parses.
    const bool noSandbox = options.noSandbox || options.connects;
    if (const auto entered = restrictToInputs(options.documents, options.filesFrom, noSandbox);
        !entered)
        return console.fail(entered.error());
    input::Inputs inputs(options.documents,
                         options.filesFrom.empty() ? std::nullopt
                                                   : std::optional(options.filesFrom),
                         input::FolderOf::hosts);
    policy::Baseline result(*atLeast);
    Status status = Status::yes;
    Progress progress(!options.quiet);
    bool saidDoubtful = false;
    const xml::StreamListener listener{
        .host =
            [&](std::string_view name, const xml::HostModes& host) {
                if (host.doubtful && !std::exchange(saidDoubtful, true)) {
                    progress.clear();
                    console.warn(policy::wording::doubtfulHosts(name));
                }
                if (host.supported)
                    return result.add(name, *host.supported, host.refused, host.doubted());
                result.addUnknown(name);
                progress.clear();
                console.warn(policy::wording::hostDoesNotSay(name, host.reason));
            },
        .failed =
            [&](const Error& error) {
                progress.clear();
                status = worse(status, console.fail(error));
            },
        .progress = [&](const xml::StreamCounts& counts) { progress.show(counts.inputs); }};
    const Result<xml::StreamCounts> counts =
        options.connects ? readDaemons(options, result, console)
                         : xml::readHosts(inputs, options.jobs, listener, answer::readHostModes);
    progress.clear();
    if (!counts)
        return worse(status, console.fail(counts.error()));

    const Outcome outcome = outcomeOf(result, options.ignoreUnknown);
    if (result.knownHosts() == 0 && result.unknown().count == 0)
        return status;
    if (options.json)
        printJson(console, baselineJson(result, outcome, *counts));
    else
        say(result, outcome, options.atLeast, console);
    status = worse(status, statusOf(outcome));
    if (counts->failed != 0 && !options.connects)
        console.warn(policy::wording::notCounted(counts->failed));
    return status;
}

} // namespace

void addBaseline(CLI::App& app, Action& chosen) {
    Command command(app, "baseline",
                    "Print the newest mode that all hosts support, as <cpu> for domains");
    auto options = std::make_shared<BaselineOptions>();
    command.inputs(
        "CAPS", options->documents,
        "Capabilities documents, host <cpu> elements, or records of 'show --json': files, folders "
        "of them, or - for standard input");
    command.connect(options->connects, options->uris);
    command.timeout(options->timeout,
                    "Give up on a connection after SECONDS (with --connect; default: 30)");
    command.flag("--ignore-unknown", options->ignoreUnknown,
                 "Leave out hosts whose modes are unknown");
    command.atLeast(options->atLeast);
    command.json(options->json);
    command.filesFrom(options->filesFrom);
    command.jobs(options->jobs);
    command.quiet(options->quiet);
    command.noSandbox(options->noSandbox);
    command.onChosen(chosen, [options](Console& console) { return baseline(*options, console); });
}

} // namespace hostcompat::tools
