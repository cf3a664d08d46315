// SPDX-License-Identifier: LGPL-2.1-or-later
// The command "survey": which guests can start on, and migrate to, which hosts.
#include "driver/answer/host_input.hpp"
#include "driver/answer/record.hpp"
#include "driver/input/inputs.hpp"
#include "driver/input/managed_file.hpp"
#include "driver/input/read_file.hpp"
#include "driver/policy/documented.hpp"
#include "driver/policy/wording.hpp"
#include "driver/process/child_process.hpp"
#include "driver/xml/several.hpp"
#include "tools/command.hpp"
#include "tools/daemon_source.hpp"
#include "tools/host_source.hpp"
#include "tools/options.hpp"
#include "tools/policy_options.hpp"
#include "tools/progress.hpp"
#include "tools/sandboxing.hpp"
#include "tools/survey_report.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <memory>
#include <unistd.h>

namespace hostcompat::tools {

namespace {

struct SurveyOptions {
    std::vector<std::string> hosts;
    std::string hostsFrom;
    std::vector<std::string> domains;
    std::string filesFrom;
    std::vector<std::string> connect;
    double timeout = 30.0;
    std::string html;
    bool json = false;
    bool quiet = false;
    bool noSandbox = false;
};

std::optional<std::string> listOf(const std::string& name) {
    return name.empty() ? std::nullopt : std::optional(name);
}

/// The answers of daemons, and this host's answer if one of them is on this host.
struct Daemons {
    std::vector<Daemon> asked;
    std::optional<answer::ProbedHost> here;
};

/// Reads hosts and guests, and passes the results to the report.
class SurveyRun {
public:
    SurveyRun(const SurveyOptions& options, const Daemons& daemons, SurveyReport& report,
              Console& console)
        : options_(options), daemons_(daemons), report_(report), console_(console),
          progress_(!options.quiet) {}

    Status run() {
        std::vector<std::optional<policy::PolicyHost>> sources;
        for (const Daemon& daemon : daemons_.asked)
            sources.push_back(readHost(daemon));
        input::Inputs hosts(options_.hosts, listOf(options_.hostsFrom), input::FolderOf::hosts);
        while (const auto input = hosts.next())
            readHosts(*input);
        if (survey_.hosts() == 0) {
            progress_.clear();
            console_.refuse("no host could be read");
            return worse(status_, Status::unknown);
        }
        report_.begin(survey_);
        for (std::size_t index = 0; index < sources.size(); ++index)
            if (const Daemon& daemon = daemons_.asked[index])
                readGuests(*daemon, sources[index]);
        input::Inputs domains(options_.domains, listOf(options_.filesFrom),
                              input::FolderOf::domains);
        while (const auto input = domains.next())
            readGuests(*input);
        progress_.clear();
        report_.end();
        return status_;
    }

private:
    void fail(const Error& error) {
        progress_.clear();
        status_ = worse(status_, console_.fail(error));
    }

    std::optional<policy::PolicyHost> readHost(const Daemon& daemon) {
        progress_.show(++inputs_);
        const auto host =
            daemon ? policyHostOf(*daemon, daemon->thisHost ? daemons_.here : std::nullopt)
                   : std::unexpected(daemon.error());
        if (!host) {
            fail(host.error());
            return std::nullopt;
        }
        survey_.add(*host);
        return *host;
    }

    void readHosts(const Result<std::string>& input) {
        progress_.show(++inputs_);
        if (!input)
            return fail(input.error());
        const std::string name = input::inputName(*input);
        auto bytes = input::readInput(*input);
        if (!bytes)
            return fail(bytes.error());
        const bool records = answer::isRecord(*bytes);
        const auto parts = records ? answer::splitRecords(*bytes) : xml::splitDocuments(*bytes);
        if (parts.size() < 2)
            return addHost(*bytes, records, name);
        for (std::size_t index = 0; index < parts.size(); ++index)
            addHost(parts[index], records, fmt::format("{} (document {})", name, index + 1));
    }

    void addHost(std::string_view bytes, bool isRecord, const std::string& name) {
        if (isRecord) {
            const auto record = answer::parseRecord(bytes, name);
            if (!record)
                return fail(record.error());
            survey_.add(
                policy::policyHost(*record, record->host.name.empty() ? name : record->host.name));
            return;
        }
        const auto document = xml::CapabilitiesDocument::read(std::string(bytes), name);
        if (!document)
            return fail(document.error());
        auto host = policy::policyHost(*document);
        if (!host)
            return fail(host.error());
        survey_.add(std::move(*host));
    }

    void readGuests(const Result<std::string>& input) {
        progress_.show(++inputs_);
        if (!input)
            return fail(input.error());
        auto bytes = input::readInput(*input);
        if (!bytes)
            return fail(bytes.error());
        for (const xml::NamedDomain& domain :
             xml::readDomains(std::move(*bytes), input::inputName(*input))) {
            if (domain.document)
                tell(domain.name, domain.document->domain(), domain.document->domain(), nullptr);
            else
                fail(domain.document.error());
        }
    }

    /// A guest that is running and defined is one guest. Its running document decides to which
    /// hosts it can migrate, and its definition where it can start.
    /// @param source the daemon's host, if it could be read.
    void readGuests(const libvirt::ConnectedHost& daemon,
                    const std::optional<policy::PolicyHost>& source) {
        for (const libvirt::ConnectedDomain& domain : daemon.domains) {
            progress_.show(++inputs_);
            const std::string name = fmt::format("{} {}", daemon.uri, domain.name);
            const auto running = readDomain(domain.running, name);
            const auto defined = readDomain(domain.defined, name);
            if (const auto& starts = domain.defined.empty() ? running : defined)
                tell(name, starts->domain(), running ? running->domain() : starts->domain(),
                     running && source ? &*source : nullptr);
        }
    }

    /// Nothing if there is no document, or if it cannot be parsed; the error has then been printed.
    std::optional<xml::DomainDocument> readDomain(const std::string& document,
                                                  const std::string& name) {
        if (document.empty())
            return std::nullopt;
        auto domain = xml::DomainDocument::read(document, name);
        if (domain)
            return std::move(*domain);
        fail(domain.error());
        return std::nullopt;
    }

    /// @param starts, runs, source as for Survey::judge().
    void tell(const std::string& input, const xml::Domain& starts, const xml::Domain& runs,
              const policy::PolicyHost* source) {
        auto judged = survey_.judge(starts, runs, source);
        const auto change = survey_.change(starts, judged);
        progress_.clear();
        report_.guest({.input = input,
                       .name = starts.name,
                       .pinned = policy::pinnedMode(starts),
                       .judged = std::move(judged),
                       .change = change ? model::modeName(*change) : ""});
    }

    const SurveyOptions& options_;
    const Daemons& daemons_;
    SurveyReport& report_;
    Console& console_;
    Progress progress_;
    policy::Survey survey_;
    Status status_ = Status::yes;
    std::uint64_t inputs_ = 0;
};

Result<void> restrict(const SurveyOptions& options) {
    std::vector<std::string> named = options.hosts;
    named.insert(named.end(), options.domains.begin(), options.domains.end());
    const std::string& list = options.hostsFrom.empty() ? options.filesFrom : options.hostsFrom;
    return restrictToInputs(named, list, options.noSandbox);
}

/// Asks the daemons, and this host if one of them is on it.
Result<Daemons> askAll(const SurveyOptions& options) {
    Daemons daemons;
    if (options.connect.empty())
        return daemons;
    daemons.asked = askDaemons(options.connect, options.timeout, {.domains = true});
    for (const Daemon& daemon : daemons.asked) {
        if (!daemon || !daemon->thisHost || daemons.here)
            continue;
        auto host = lookAtHost("", options.noSandbox);
        if (!host)
            return std::unexpected(std::move(host.error()));
        daemons.here = std::move(*host);
    }
    return daemons;
}

/// A child process drops its privileges and writes the page to an unnamed file, which this process
/// copies to its place. The page of many guests is too large to be kept in memory.
Status writePage(const SurveyOptions& options, const Daemons& daemons, Console& console) {
    const auto scratch = input::makeScratch(options.html);
    if (!scratch)
        return console.fail(scratch.error());
    const auto work = [&] {
        int problem = 0;
        const auto write = [&](std::string_view piece) {
            if (problem == 0)
                problem = input::writeWhole(scratch->number(), piece);
        };
        Status status = Status::system;
        if (const auto entered = restrict(options); !entered)
            status = console.fail(entered.error());
        else
            status = SurveyRun(options, daemons, *surveyPage(write), console).run();
        if (problem != 0)
            status = console.fail({.kind = ErrorKind::system,
                                   .action = "write",
                                   .subject = options.html,
                                   .errorNumber = problem});
        return fmt::format("{}{}", problem == 0 ? ' ' : '!', static_cast<int>(status));
    };
    const auto outcomes = process::runIsolated({work}, std::chrono::hours(24), 1);
    if (!outcomes)
        return console.fail(outcomes.error());
    const process::IsolatedOutcome& outcome = outcomes->front();
    if (outcome.end != process::IsolatedOutcome::End::finished || outcome.text.size() < 2)
        return console.fail(
            {.kind = ErrorKind::system,
             .action = "write",
             .subject = options.html,
             .reason = "the child process that reads hosts and guests ended early"});
    const auto status = static_cast<Status>(std::atoi(outcome.text.c_str() + 1));
    if (outcome.text.front() != ' ' || ::lseek(scratch->number(), 0, SEEK_END) == 0)
        return status;
    if (options.html == "-") {
        const auto print = [&](std::string_view piece) {
            console.printExact(piece);
            return 0;
        };
        if (const int problem = input::readPieces(scratch->number(), print); problem != 0)
            return worse(status, console.fail({.kind = ErrorKind::system,
                                               .action = "read",
                                               .subject = "the finished page",
                                               .errorNumber = problem}));
        return status;
    }
    if (const auto written = input::replaceFile(options.html, *scratch); !written)
        return worse(status, console.fail(written.error()));
    return status;
}

Status survey(const SurveyOptions& options, Console& console) {
    console.setQuiet(options.quiet);
    if (options.hosts.empty() && options.hostsFrom.empty() && options.connect.empty())
        return console.fail({.kind = ErrorKind::usage,
                             .action = "survey hosts and guests",
                             .reason = "no host is named",
                             .remedy = "name documents or records with --hosts or --hosts-from, or "
                                       "daemons with --connect"});
    if (options.json && !options.html.empty())
        return console.fail({.kind = ErrorKind::usage,
                             .action = "print a survey in two formats",
                             .reason = "both --json and --html are given",
                             .remedy = "give one of them"});
    std::vector<std::string> names = options.hosts;
    names.insert(names.end(), options.domains.begin(), options.domains.end());
    names.insert(names.end(), {options.hostsFrom, options.filesFrom});
    if (const auto once = refuseSecondStdin(names); !once)
        return console.fail(once.error());
    const auto daemons = askAll(options);
    if (!daemons)
        return console.fail(daemons.error());
    if (!options.html.empty())
        return writePage(options, *daemons, console);
    if (const auto entered = restrict(options); !entered)
        return console.fail(entered.error());
    return SurveyRun(options, *daemons, options.json ? *surveyJson(console) : *surveyTable(console),
                     console)
        .run();
}

} // namespace

void addSurvey(CLI::App& app, Action& chosen) {
    Command command(app, "survey", "List which guests can start on, and migrate to, which hosts");
    auto options = std::make_shared<SurveyOptions>();
    command.texts("--hosts", options->hosts, "CAPS",
                  "A host: a capabilities document or a record, a folder of them, or -; may be "
                  "repeated");
    command.text("--hosts-from", options->hostsFrom, "FILE",
                 "Read the names of further hosts from FILE, one on each line");
    command.texts("--domains", options->domains, "FILE",
                  "Guests: a domain document, a folder of them, or -; may be repeated");
    command.filesFrom(options->filesFrom);
    command.texts("--connect", options->connect, "URI",
                  "Ask the libvirt daemon at URI, read-only, for its host and its domains; may be "
                  "repeated");
    command.timeout(options->timeout,
                    "Give up on a connection after SECONDS (with --connect; default: 30)");
    command.text("--html", options->html, "FILE",
                 "Write an HTML page to FILE (- is standard output) instead of the table");
    command.json(options->json);
    command.quiet(options->quiet);
    command.noSandbox(options->noSandbox);
    command.onChosen(chosen, [options](Console& console) { return survey(*options, console); });
}

} // namespace hostcompat::tools
