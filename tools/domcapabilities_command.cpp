// SPDX-License-Identifier: LGPL-2.1-or-later
// The command "domcapabilities": libvirt's domain capabilities with the CPUs that KVM really runs.
#include "driver/input/read_file.hpp"
#include "driver/policy/domain_cpus.hpp"
#include "tools/command.hpp"
#include "tools/daemon_source.hpp"
#include "tools/host_source.hpp"
#include "tools/options.hpp"

#include <fmt/format.h>

#include <memory>
#include <optional>

namespace hostcompat::tools {

namespace {

struct DomainCapabilitiesOptions {
    std::string input;
    std::optional<std::string> connect;
    double timeout = 30.0;
    std::string probe;
    bool quiet = false;
    bool require = false;
    bool noSandbox = false;
};

/// Prints the document with the modes, or unchanged with a warning.
Status print(const xml::DomainCapabilitiesDocument& document, const model::HostRecord& record,
             const DomainCapabilitiesOptions& options, Console& console) {
    std::string why = document.whyNotOfModes();
    if (why.empty() && !record.compat.known)
        why = fmt::format("the host's modes are unknown: {}", record.compat.reason);
    warnOfDoubtfulSource(record.compat, input::inputName(options.probe), console);
    if (why.empty() && !model::isBelieved(record.compat.known->source))
        why = "the host's modes are unknown";
    if (!why.empty()) {
        console.warn(fmt::format("the document is printed unchanged: {}", why));
        console.printExact(document.document().bytes());
        return options.require ? Status::unknown : Status::yes;
    }
    console.printExact(policy::withDomainCpus(document, record));
    return Status::yes;
}

/// Completes the document of a daemon. This host's modes are added only to this host's document.
Status ofDaemon(const DomainCapabilitiesOptions& options, Console& console) {
    auto asked = askDaemon(*options.connect, options.timeout,
                           {.document = libvirt::HostDocument::domainCapabilities}, options.probe,
                           options.noSandbox);
    if (!asked)
        return console.fail(asked.error());
    const auto document = xml::DomainCapabilitiesDocument::read(
        std::move(asked->daemon.capabilities), asked->daemon.uri);
    if (!document)
        return console.fail(document.error());
    if (asked->here)
        return print(*document, asked->here->record, options, console);
    // A daemon with the module has already completed its document.
    if (!document->hasModes())
        console.warn("the document is printed unchanged: " + perhapsAnotherHost(asked->daemon));
    console.printExact(document->document().bytes());
    return options.require && !document->hasModes() ? Status::unknown : Status::yes;
}

Status domainCapabilities(const DomainCapabilitiesOptions& options, Console& console) {
    console.setQuiet(options.quiet);
    if (options.connect ? !options.input.empty() : options.input.empty())
        return console.fail({.kind = ErrorKind::usage,
                             .action = "complete a document",
                             .reason = options.connect ? "both FILE and --connect are given"
                                                       : "no document is named",
                             .remedy = "name a file, - for standard input, or a daemon with "
                                       "--connect"});
    if (options.connect)
        return ofDaemon(options, console);
    if (options.input == "-" && options.probe == "-")
        return console.fail({.kind = ErrorKind::usage,
                             .action = "use standard input twice",
                             .reason = "both the document and --probe are -"});
    auto bytes = input::readInput(options.input);
    if (!bytes)
        return console.fail(bytes.error());
    const auto host = lookAtHostAndSeal(options.probe, options.noSandbox);
    if (!host)
        return console.fail(host.error());
    const auto document =
        xml::DomainCapabilitiesDocument::read(std::move(*bytes), input::inputName(options.input));
    if (!document)
        return console.fail(document.error());
    return print(*document, host->record, options, console);
}

} // namespace

void addDomainCapabilities(CLI::App& app, Action& chosen) {
    Command command(app, "domcapabilities",
                    "Print libvirt's domain capabilities with the CPUs that KVM really runs");
    auto options = std::make_shared<DomainCapabilitiesOptions>();
    command.input("FILE", options->input,
                  "The output of 'virsh domcapabilities' (- is standard input)");
    command.connect(options->connect,
                    "Complete the document of the libvirt daemon at URI ('' is libvirt's default)");
    command.timeout(options->timeout,
                    "Give up on the connection after SECONDS (with --connect; default: 30)");
    command.probe(options->probe);
    command.flag("--require", options->require,
                 "Exit with status 4 if the document is printed unchanged");
    command.quiet(options->quiet);
    command.noSandbox(options->noSandbox);
    command.onChosen(chosen,
                     [options](Console& console) { return domainCapabilities(*options, console); });
}

} // namespace hostcompat::tools
