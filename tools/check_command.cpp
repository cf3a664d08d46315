// SPDX-License-Identifier: LGPL-2.1-or-later
// The command "check": whether each domain's CPU can run on the host, and if not, why, and what to
// change.
#include "driver/input/inputs.hpp"
#include "driver/input/read_file.hpp"
#include "driver/policy/arrival.hpp"
#include "driver/policy/check_json.hpp"
#include "driver/policy/documented.hpp"
#include "tools/ci_report.hpp"
#include "tools/command.hpp"
#include "tools/daemon_source.hpp"
#include "tools/host_source.hpp"
#include "tools/options.hpp"
#include "tools/policy_options.hpp"

#include <fmt/format.h>

#include <array>
#include <functional>
#include <memory>

namespace hostcompat::tools {

namespace {

using Json = nlohmann::ordered_json;

struct CheckOptions {
    PolicyOptions policy;
    std::vector<std::string> domains;
    std::string filesFrom;
    std::string format = "text";
    std::string from;
    bool requirePinned = false;
    std::optional<std::string> connect;
    bool translate = false;
    bool verbose = false;
    double timeout = 30.0;
};

Status statusOf(policy::Verdict verdict) {
    switch (verdict) {
    case policy::Verdict::compatible:
    case policy::Verdict::notApplicable:
        return Status::yes;
    case policy::Verdict::incompatible:
        return Status::no;
    case policy::Verdict::unknown:
        break;
    }
    return Status::unknown;
}

std::string answerLine(const std::string& name, const policy::CheckAnswer& answer) {
    std::string line = fmt::format("{}: {}: {}", name, toString(answer.verdict), answer.reason);
    if (!answer.remedy.empty())
        line += "; " + answer.remedy;
    return line;
}

/// The findings for a domain: the verdict if it is not compatible, and the warnings.
std::vector<Finding> findingsOf(const xml::NamedDomain& input, const policy::CheckAnswer& answer) {
    const xml::DomainDocument& document = *input.document;
    const std::size_t line =
        input.linesBefore +
        document.document().lineOf(document.cpu() ? document.cpu() : document.element());
    std::vector<Finding> findings;
    if (answer.verdict == policy::Verdict::incompatible ||
        answer.verdict == policy::Verdict::unknown)
        findings.push_back({.rule = answer.verdict == policy::Verdict::unknown
                                        ? &rules::kUnknown
                                        : &rules::kIncompatible,
                            .line = line,
                            .message = answer.remedy.empty()
                                           ? answer.reason
                                           : fmt::format("{}; {}", answer.reason, answer.remedy)});
    for (const std::string& warning : answer.warnings)
        findings.push_back({.rule = &rules::kWarning, .line = line, .message = warning});
    return findings;
}

/// An answer, and its source if that is not the document, by its name in JSON.
struct Decided {
    policy::CheckAnswer answer;
    const char* from = nullptr;
};

/// Decides by another source than the document. Returns nothing if the document must decide.
using Decide = std::function<std::optional<Decided>(const xml::Domain&)>;

class CheckRun {
public:
    /// @param source the host that the domains run on; null if they are to start on the host.
    CheckRun(const policy::PolicyHost& host, const policy::PolicyHost* source,
             const qemu::QemuModes* qemu, const CheckOptions& options, Console& console)
        : host_(host), source_(source), qemu_(qemu),
          json_(options.policy.json || options.format == "json"),
          requirePinned_(options.requirePinned), console_(console),
          report_(json_ ? nullptr : ciReport(options.format, console)) {
        if (report_)
            report_->begin("virt-host-compat check");
    }

    void check(const Result<std::string>& input) {
        if (!input)
            return fail(input.error().subject, input.error().subject, input.error());
        const std::string name = input::inputName(*input);
        auto bytes = input::readInput(*input);
        if (!bytes)
            return fail(name, name, bytes.error());
        check(name, name, std::move(*bytes));
    }

    /// @param file the file that contains the document. @param name its name in messages.
    void check(const std::string& file, const std::string& name, std::string document,
               const Decide& decideOtherwise = {}) {
        const auto domains = xml::readDomains(std::move(document), name);
        for (const xml::NamedDomain& domain : domains) {
            if (domain.document)
                decide(file, domain, decideOtherwise);
            else
                fail(file, domain.name, domain.document.error());
        }
    }

    Status finish() {
        if (report_)
            report_->end();
        if (json_) {
            Json answer = policy::checkJson(host_, qemu_, std::move(domains_));
            if (source_)
                answer["from"] = source_->name;
            printJson(console_, answer);
        }
        return status_;
    }

private:
    void decide(const std::string& file, const xml::NamedDomain& input,
                const Decide& decideOtherwise) {
        const std::string& name = input.name;
        const xml::Domain& domain = input.document->domain();
        auto decided = decideOtherwise ? decideOtherwise(domain) : std::nullopt;
        if (!decided)
            decided = Decided{.answer = policy::checkDomain(domain, host_, qemu_)};
        policy::CheckAnswer& answer = decided->answer;
        if (source_)
            answer = policy::arrivalOf(std::move(answer), domain, source_, host_);
        if (requirePinned_)
            policy::requirePinned(answer);
        status_ = worse(status_, statusOf(answer.verdict));
        if (json_) {
            domains_.push_back(policy::domainJson(name, domain, answer));
            if (decided->from)
                domains_.back()["decided_from"] = decided->from;
            return;
        }
        if (report_) {
            report_->input(file, name, findingsOf(input, answer));
            return;
        }
        console_.printLine(answerLine(name, answer));
        for (const std::string& warning : answer.warnings)
            console_.warn(fmt::format("{}: {}", name, warning));
    }

    void fail(const std::string& file, const std::string& name, const Error& error) {
        status_ = worse(status_, console_.fail(error));
        if (report_)
            report_->input(file, name, std::array{findingOf(error)});
        if (json_)
            domains_.push_back(policy::domainJson(name, error));
    }

    const policy::PolicyHost& host_;
    const policy::PolicyHost* source_;
    const qemu::QemuModes* qemu_;
    bool json_;
    bool requirePinned_;
    Console& console_;
    std::unique_ptr<CiReport> report_;
    Status status_ = Status::yes;
    Json domains_ = Json::array();
};

/// The host that --from names, or nothing. The sandbox must have been entered.
Result<std::optional<policy::PolicyHost>> sourceOf(const CheckOptions& options) {
    if (options.from.empty())
        return std::nullopt;
    auto source = readPolicyHost(options.from);
    if (!source)
        return std::unexpected(std::move(source.error()));
    return std::move(*source);
}

/// Decides about the domains of a daemon from more than their documents, if there is more.
class DaemonDomains {
public:
    DaemonDomains(const libvirt::ConnectedHost& daemon, const policy::PolicyHost& host,
                  const qemu::QemuModes* qemu, bool verbose, Console& console)
        : daemon_(daemon), host_(host), qemu_(qemu), verbose_(verbose), console_(console) {}

    void check(CheckRun& run) const {
        for (const libvirt::ConnectedDomain& domain : daemon_.domains) {
            if (!domain.running.empty())
                run.check(daemon_.uri, domain.name + " (running)", domain.running,
                          [&](const xml::Domain& document) { return byProcess(domain, document); });
            if (!domain.defined.empty())
                run.check(
                    daemon_.uri, domain.name, domain.defined,
                    [&](const xml::Domain& document) { return byTranslation(domain, document); });
        }
    }

private:
    std::optional<Decided> byProcess(const libvirt::ConnectedDomain& domain,
                                     const xml::Domain& document) const {
        std::string note = domain.process.note;
        if (note.empty()) {
            const auto line =
                policy::commandLineOf(policy::argumentsOf(domain.process.commandLine));
            if (policy::isOfGuest(line, domain.name, document))
                return Decided{.answer = policy::checkCommandLine(
                                   document, line, policy::CommandLineOf::process, host_, qemu_),
                               .from = "process"};
            note = "the process with the lock of its PID file has another name or UUID";
        }
        if (verbose_)
            console_.explain(fmt::format("{} (running): decided from its document alone: {}",
                                         domain.name, note));
        return std::nullopt;
    }

    std::optional<Decided> byTranslation(const libvirt::ConnectedDomain& domain,
                                         const xml::Domain& document) const {
        if (!domain.translation)
            return std::nullopt;
        const std::string& text = domain.translation->text;
        return Decided{
            .answer = domain.translation->refused
                          ? policy::checkRefused(document, daemon_.uri, text, host_, qemu_)
                          : policy::checkCommandLine(document,
                                                     policy::commandLineOf(policy::wordsOf(text)),
                                                     policy::CommandLineOf::daemon, host_, qemu_),
            .from = "translation"};
    }

    const libvirt::ConnectedHost& daemon_;
    const policy::PolicyHost& host_;
    const qemu::QemuModes* qemu_;
    bool verbose_;
    Console& console_;
};

/// Checks the domains of a daemon for its own host, unless another one is named.
Status checkDaemon(const CheckOptions& options, Console& console) {
    if (!options.filesFrom.empty())
        return console.fail({.kind = ErrorKind::usage,
                             .action = "check documents and a daemon's domains at once",
                             .reason = "both --files-from and --connect are given",
                             .remedy = "run the command once for each"});
    if (!options.from.empty())
        return console.fail(
            {.kind = ErrorKind::usage,
             .action = "check whether a daemon's domains can arrive from another host",
             .reason = "both --from and --connect are given",
             .remedy = "'virt-host-compat survey --connect URI --hosts CAPS' prints "
                       "where a daemon's domains can arrive"});
    auto qemu = loadQemuModes(options.policy);
    if (!qemu)
        return console.fail(qemu.error());
    const auto decide = [&](const libvirt::ConnectedHost& daemon, const policy::PolicyHost& host) {
        warnOfDoubtfulSource(host.compat, host.name, console);
        CheckRun run(host, nullptr, *qemu ? &**qemu : nullptr, options, console);
        DaemonDomains(daemon, host, *qemu ? &**qemu : nullptr, options.verbose, console).check(run);
        return run.finish();
    };
    const libvirt::ConnectOptions wanted{.domains = true,
                                         .domainNames = options.domains,
                                         .translate = options.translate,
                                         .processes = true};
    if (options.policy.host.empty() && options.policy.probe.empty()) {
        const auto asked =
            askDaemon(*options.connect, options.timeout, wanted, "", options.policy.noSandbox);
        if (!asked)
            return console.fail(asked.error());
        // QEMU was run on this host, so its CPU "host" is this host's processor.
        if (*qemu && !asked->here)
            (*qemu)->hostModel.clear();
        const auto host = policyHostOf(asked->daemon, asked->here);
        return host ? decide(asked->daemon, *host) : console.fail(host.error());
    }
    const Daemon daemon =
        std::move(askDaemons({*options.connect}, options.timeout, wanted).front());
    if (!daemon)
        return console.fail(daemon.error());
    const auto host = loadPolicyHost(options.policy, {});
    return host ? decide(*daemon, *host) : console.fail(host.error());
}

Status check(const CheckOptions& options, Console& console) {
    console.setQuiet(options.policy.quiet);
    if (options.connect)
        return checkDaemon(options, console);
    if (options.translate)
        return console.fail({.kind = ErrorKind::usage,
                             .action = "translate documents",
                             .reason = "--translate asks a daemon, and no --connect names one",
                             .remedy = "give --connect URI, or leave --translate out"});
    std::vector<std::string> names = options.domains;
    names.insert(names.end(),
                 {options.policy.host, options.policy.probe, options.filesFrom, options.from});
    if (const auto once = refuseSecondStdin(names); !once)
        return console.fail(once.error());
    if (options.domains.empty() && options.filesFrom.empty())
        return console.fail({.kind = ErrorKind::usage,
                             .action = "check domains",
                             .reason = "no domain is named",
                             .remedy = "name files, folders, -, --files-from or --connect"});
    const auto qemu = loadQemuModes(options.policy);
    if (!qemu)
        return console.fail(qemu.error());
    std::vector<std::string> read = options.domains;
    if (!options.from.empty())
        read.push_back(options.from);
    const auto host = loadPolicyHost(options.policy, std::move(read), options.filesFrom);
    if (!host)
        return console.fail(host.error());
    const auto source = sourceOf(options);
    if (!source)
        return console.fail(source.error());
    warnOfDoubtfulSource(host->compat, host->name, console);

    CheckRun run(*host, *source ? &**source : nullptr, *qemu ? &**qemu : nullptr, options, console);
    input::Inputs inputs(options.domains,
                         options.filesFrom.empty() ? std::nullopt
                                                   : std::optional(options.filesFrom),
                         input::FolderOf::domains);
    while (const auto input = inputs.next())
        run.check(*input);
    return run.finish();
}

} // namespace

void addCheck(CLI::App& app, Action& chosen) {
    Command command(
        app, "check",
        "Say whether each domain's CPU can run on the host, and if not, why, and what to change");
    auto options = std::make_shared<CheckOptions>();
    command.inputs("DOMAIN", options->domains,
                   "Domain documents: files, folders of them, or - for standard input; with "
                   "--connect, names of domains (default: all)");
    command.connect(
        options->connect,
        "Check domains of the libvirt daemon at URI, read-only ('' is libvirt's default)");
    command.flag("--translate", options->translate,
                 "Ask the daemon what it would start, and decide by that (with --connect, which "
                 "then may write)");
    command.flag("--verbose", options->verbose,
                 "Say why the process of a running domain was not looked at (with --connect)");
    command.timeout(options->timeout,
                    "Give up on the connection after SECONDS (with --connect; default: 30)");
    addPolicyOptions(command, options->policy);
    command.text("--from", options->from, "CAPS",
                 "Say whether the domains, which run on the host of the document or record CAPS, "
                 "can arrive by migration");
    command.flag("--require-pinned", options->requirePinned,
                 "Treat a domain without a pinned mode as incompatible, because it cannot migrate "
                 "to older hosts");
    command.json(options->policy.json);
    command.format(options->format);
    command.notBoth("--format", "--json");
    command.filesFrom(options->filesFrom);
    command.onChosen(chosen, [options](Console& console) { return check(*options, console); });
}

} // namespace hostcompat::tools
