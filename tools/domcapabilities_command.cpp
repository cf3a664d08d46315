// SPDX-License-Identifier: LGPL-2.1-or-later
// The command "domcapabilities": libvirt's domain capabilities with the CPUs that KVM really runs.
#include "driver/input/read_file.hpp"
#include "driver/policy/domain_cpus.hpp"
#include "driver/text/utf8.hpp"
#include "driver/xml/domain.hpp"
#include "tools/command.hpp"
#include "tools/host_source.hpp"
#include "tools/options.hpp"
#include "tools/sandboxing.hpp"

#include <fmt/format.h>

#include <memory>

namespace hostcompat::tools {

namespace {

struct DomainCapabilitiesOptions {
    std::string input;
    std::string probe;
    bool quiet = false;
    bool require = false;
    bool noSandbox = false;
};

/// Why the answer about KVM is none about the document; empty where it is one.
std::string notAbout(const xml::DomainCapabilitiesDocument& document) {
    if (const std::string arch = document.arch(); !xml::isPowerArch(arch))
        return fmt::format("it is of architecture {}, and only ppc64 and ppc64le have "
                           "compatibility modes",
                           text::clipped(arch));
    if (const std::string type = document.domainType(); type != "kvm")
        return fmt::format("it is of domains of type {}, not kvm", text::clipped(type));
    if (const std::string machine = document.machine(); !xml::isPseriesMachine(machine))
        return fmt::format("it is of the machine type {}, and only pseries takes a mode",
                           text::clipped(machine));
    return {};
}

Status domainCapabilities(const DomainCapabilitiesOptions& options, Console& console) {
    console.setQuiet(options.quiet);
    if (options.input == "-" && options.probe == "-")
        return console.fail({.kind = ErrorKind::usage,
                             .action = "use standard input twice",
                             .reason = "both the document and --probe are -"});
    auto bytes = input::readInput(options.input);
    if (!bytes)
        return console.fail(bytes.error());
    const auto host = lookAtHost(options.probe, options.noSandbox);
    if (!host)
        return console.fail(host.error());
    if (options.probe.empty())
        if (const auto sealed = seal(options.noSandbox); !sealed)
            return console.fail(sealed.error());
    const auto document =
        xml::DomainCapabilitiesDocument::read(std::move(*bytes), input::inputName(options.input));
    if (!document)
        return console.fail(document.error());
    const auto printAsItIs = [&](const std::string& why) {
        console.warn(fmt::format("the document is printed as it is: {}", why));
        console.printExact(document->document().bytes());
        return options.require ? Status::unknown : Status::yes;
    };
    if (const std::string why = notAbout(*document); !why.empty())
        return printAsItIs(why);
    const model::HostCompat& compat = host->record.compat;
    if (!compat.known)
        return printAsItIs(fmt::format("nothing is known of the host: {}", compat.reason));
    warnOfDoubtfulSource(compat, input::inputName(options.probe), console);
    const auto policyHost = policy::policyHost(host->record, "this host");
    console.printExact(
        document->withAnswer(policy::domainCpus(policyHost, document->customModels())));
    return Status::yes;
}

} // namespace

void addDomainCapabilities(CLI::App& app, Action& chosen) {
    Command command(app, "domcapabilities",
                    "Print libvirt's domain capabilities with the CPUs that KVM really runs");
    auto options = std::make_shared<DomainCapabilitiesOptions>();
    command.input("FILE", options->input,
                  "What 'virsh domcapabilities' printed (- is standard input)", true);
    command.probe(options->probe);
    command.flag("--require", options->require,
                 "Exit with status 4 where the document is printed as it is");
    command.quiet(options->quiet);
    command.noSandbox(options->noSandbox);
    command.onChosen(chosen,
                     [options](Console& console) { return domainCapabilities(*options, console); });
}

} // namespace hostcompat::tools
