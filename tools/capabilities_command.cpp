// SPDX-License-Identifier: LGPL-2.1-or-later
// The command "capabilities": the capabilities document with <compat>.
#include "driver/io/read_file.hpp"
#include "driver/xml/capabilities.hpp"
#include "tools/command.hpp"
#include "tools/host_source.hpp"
#include "tools/options.hpp"

#include <fmt/format.h>

#include <memory>

namespace hostcompat::tools {

namespace {

struct CapabilitiesOptions {
    std::string input;
    std::string probe;
    bool quiet = false;
    bool require = false;
};

/// The document to complete: the input, or one built from what is known of the host.
Result<CapabilitiesDocument> baseDocument(const CapabilitiesOptions& options,
                                          const ProbedHost& host) {
    if (options.input.empty())
        return CapabilitiesDocument::read(renderCapabilities(host.record.host, host.nodes),
                                          "the document built from this host");
    auto bytes = readInput(options.input);
    if (!bytes)
        return std::unexpected(std::move(bytes.error()));
    return CapabilitiesDocument::read(std::move(*bytes), inputName(options.input));
}

Status capabilities(const CapabilitiesOptions& options, Console& console) {
    console.setQuiet(options.quiet);
    if (options.input == "-" && options.probe == "-")
        return console.fail({.kind = ErrorKind::usage,
                             .action = "use standard input twice",
                             .reason = "both the document and --probe are -"});
    const auto host = lookAtHost(options.probe);
    if (!host)
        return console.fail(host.error());
    const auto document = baseDocument(options, *host);
    if (!document)
        return console.fail(document.error());

    const HostCompat& compat = host->record.compat;
    if (!compat.known) {
        console.warn(fmt::format("the document is printed without a new <compat>, as nothing is "
                                 "known of the host: {}",
                                 compat.reason));
        console.print(document->document().bytes());
        return options.require ? Status::unknown : Status::yes;
    }
    if (const std::string arch = document->arch(); arch != host->record.host.arch)
        console.warn(
            fmt::format("the document describes a host of architecture '{}', and the answer "
                        "is about {}",
                        arch, host->record.host.arch));
    console.print(document->withCompat(*compat.known));
    return Status::yes;
}

} // namespace

void addCapabilities(CLI::App& app, Action& chosen) {
    Command command(app, "capabilities",
                    "Print libvirt's host capabilities document with <compat> in it");
    auto options = std::make_shared<CapabilitiesOptions>();
    command.input("FILE", options->input,
                  "The document to complete (- is standard input); without it, one is built from "
                  "this host");
    command.probe(options->probe);
    command.flag("--require", options->require,
                 "Exit with status 4 where the host's modes are unknown");
    command.quiet(options->quiet);
    command.onChosen(chosen,
                     [options](Console& console) { return capabilities(*options, console); });
}

} // namespace hostcompat::tools
