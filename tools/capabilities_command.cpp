// SPDX-License-Identifier: LGPL-2.1-or-later
// The command "capabilities": the capabilities document with <compat>.
#include "driver/input/read_file.hpp"
#include "driver/policy/host.hpp"
#include "driver/text/utf8.hpp"
#include "driver/xml/capabilities.hpp"
#include "tools/command.hpp"
#include "tools/daemon_source.hpp"
#include "tools/host_source.hpp"
#include "tools/options.hpp"

#include <fmt/format.h>

#include <memory>
#include <optional>

namespace hostcompat::tools {

namespace {

struct CapabilitiesOptions {
    std::string input;
    std::optional<std::string> connect;
    double timeout = 30.0;
    std::string probe;
    bool quiet = false;
    bool require = false;
    bool noSandbox = false;
};

/// The document to complete: the input, or a document built from the host's files.
Result<xml::CapabilitiesDocument> baseDocument(const CapabilitiesOptions& options,
                                               const answer::ProbedHost& host, std::string bytes) {
    if (options.input.empty())
        return xml::CapabilitiesDocument::read(
            xml::renderCapabilities(host.record.host, host.nodes),
            "the document built for this host");
    return xml::CapabilitiesDocument::read(std::move(bytes), input::inputName(options.input));
}

void warnOfArch(const xml::CapabilitiesDocument& document, const std::string& hostArch,
                Console& console) {
    if (const std::string arch = document.arch(); arch != hostArch)
        console.warn(
            fmt::format("the document describes a host of architecture '{}', but the modes are "
                        "those of a {} host",
                        text::clipped(arch), text::clipped(hostArch)));
}

/// Prints the document with the modes, unless they are of different hosts.
Status printWithAnswer(const xml::CapabilitiesDocument& document, const model::HostRecord& record,
                       const CapabilitiesOptions& options, Console& console) {
    if (std::string why = policy::contradiction(document, record.host); !why.empty())
        return console.fail({.kind = ErrorKind::input,
                             .action = "add the modes to",
                             .subject = document.document().name(),
                             .reason = std::move(why),
                             .remedy = "use a document and modes of the same host"});
    warnOfArch(document, record.host.arch, console);
    warnOfDoubtfulSource(record.compat, input::inputName(options.probe), console);
    console.printExact(document.withCompat(*record.compat.known));
    return Status::yes;
}

/// Prints the document unchanged; a <compat> that it already has stays.
Status printAsItIs(const xml::CapabilitiesDocument& document, const std::string& why,
                   const CapabilitiesOptions& options, Console& console) {
    const auto said = document.compat();
    if (!said)
        return console.fail(said.error());
    if (!said->known)
        console.warn(fmt::format("the document is printed without <compat>: {}", why));
    console.printExact(document.document().bytes());
    return said->known || !options.require ? Status::yes : Status::unknown;
}

/// Completes the document of a daemon. This host's modes are added only to this host's document.
Status capabilitiesOfDaemon(const CapabilitiesOptions& options, Console& console) {
    auto asked = askDaemon(*options.connect, options.timeout, {}, options.probe, options.noSandbox);
    if (!asked)
        return console.fail(asked.error());
    const auto document =
        xml::CapabilitiesDocument::read(std::move(asked->daemon.capabilities), asked->daemon.uri);
    if (!document)
        return console.fail(document.error());
    if (!asked->here)
        return printAsItIs(*document, perhapsAnotherHost(asked->daemon), options, console);
    if (!asked->here->record.compat.known)
        return printAsItIs(*document, asked->here->record.compat.reason, options, console);
    return printWithAnswer(*document, asked->here->record, options, console);
}

Status capabilities(const CapabilitiesOptions& options, Console& console) {
    console.setQuiet(options.quiet);
    if (options.connect && !options.input.empty())
        return console.fail({.kind = ErrorKind::usage,
                             .action = "complete two documents at once",
                             .reason = "both FILE and --connect are given"});
    if (options.connect)
        return capabilitiesOfDaemon(options, console);
    if (options.input == "-" && options.probe == "-")
        return console.fail({.kind = ErrorKind::usage,
                             .action = "use standard input twice",
                             .reason = "both the document and --probe are -"});
    auto bytes = options.input.empty() ? std::string() : input::readInput(options.input);
    if (!bytes)
        return console.fail(bytes.error());
    const auto host =
        lookAtHostAndSeal(options.probe, options.noSandbox, {.topology = options.input.empty()});
    if (!host)
        return console.fail(host.error());
    const auto document = baseDocument(options, *host, std::move(*bytes));
    if (!document)
        return console.fail(document.error());

    const model::HostCompat& compat = host->record.compat;
    if (!compat.known) {
        console.warn(
            fmt::format("the document is printed without a new <compat>, because the host's "
                        "modes are unknown: {}",
                        compat.reason));
        console.printExact(document->document().bytes());
        return options.require ? Status::unknown : Status::yes;
    }
    return printWithAnswer(*document, host->record, options, console);
}

} // namespace

void addCapabilities(CLI::App& app, Action& chosen) {
    Command command(app, "capabilities",
                    "Print libvirt's host capabilities document with <compat> in it");
    auto options = std::make_shared<CapabilitiesOptions>();
    command.input("FILE", options->input,
                  "The document to complete (- is standard input); without it, one is built from "
                  "this host");
    command.connect(options->connect,
                    "Complete the document of the libvirt daemon at URI ('' is libvirt's default)");
    command.timeout(options->timeout,
                    "Give up on the connection after SECONDS (with --connect; default: 30)");
    command.probe(options->probe);
    command.flag("--require", options->require,
                 "Exit with status 4 if the host's modes are unknown");
    command.quiet(options->quiet);
    command.noSandbox(options->noSandbox);
    command.onChosen(chosen,
                     [options](Console& console) { return capabilities(*options, console); });
}

} // namespace hostcompat::tools
