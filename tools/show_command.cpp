// SPDX-License-Identifier: LGPL-2.1-or-later
// The command "show": this host's modes, and the source of the answer.
#include "driver/answer/record.hpp"
#include "driver/answer/wording.hpp"
#include "driver/input/read_file.hpp"
#include "driver/publish/format.hpp"
#include "driver/text/utf8.hpp"
#include "tools/command.hpp"
#include "tools/host_source.hpp"
#include "tools/options.hpp"

#include <fmt/format.h>

#include <memory>

namespace hostcompat::tools {

namespace {

struct ShowOptions {
    std::string probe;
    bool json = false;
    bool modes = false;
    bool quiet = false;
    bool noSandbox = false;
};

std::string orUnknown(const std::string& text) {
    return text.empty() ? "unknown" : text::clipped(text);
}

std::string sourceLine(const model::KnownCompat& known) {
    if (known.source == "kvm")
        return fmt::format("kvm (the kernel's answer: bitmap 0x{:016x}, interface {})",
                           known.capabilities.value_or(0), text::clipped(known.abi));
    if (known.source == "trial")
        return "trial (the kernel does not report the modes; each mode was set on a vCPU that "
               "never runs)";
    return text::clipped(known.source);
}

void describeRecord(const model::HostRecord& record, Console& console) {
    const model::HostIdentity& host = record.host;
    console.printLine(fmt::format("host:     {} ({}, {}, Linux {})", orUnknown(host.model),
                                  text::clipped(host.arch), toString(host.platform),
                                  text::clipped(host.kernel)));
    const std::string why = answer::reasonForOlderMode(host);
    console.printLine(fmt::format("runs as:  {}{}", orUnknown(host.effectiveMode),
                                  why.empty() ? "" : " (" + why + ")"));
    if (host.platform == model::Platform::pseries)
        console.printLine(
            fmt::format("nested:   {}", host.nestedApi ? toString(*host.nestedApi) : "unknown"));
    if (!record.compat.known) {
        console.printLine("modes:    unknown");
        console.printLine(fmt::format("reason:   {}", record.compat.reason));
        return;
    }
    const model::KnownCompat& known = *record.compat.known;
    std::string_view label = "modes:";
    const model::ModeSet modes = model::allModes() | known.supported | known.refused;
    for (const unsigned number : modes.numbers()) {
        console.printLine(fmt::format("{:<10}{:<8} {}", label, model::modeName(number),
                                      known.supported.contains(number) ? "yes"
                                      : known.refused.contains(number) ? "no"
                                                                       : "unknown"));
        label = "";
    }
    if (known.unknownBits != 0)
        console.printLine(fmt::format(
            "          and bits 0x{:016x}, which this version does not know", known.unknownBits));
    console.printLine(fmt::format("source:   {}", sourceLine(known)));
}

Status show(const ShowOptions& options, Console& console) {
    console.setQuiet(options.quiet);
    const auto host = lookAtHost(options.probe, options.noSandbox);
    if (!host)
        return console.fail(host.error());
    warnOfDoubtfulSource(host->record.compat, input::inputName(options.probe), console);
    if (options.modes)
        console.printExact(publish::findFormat("modes")->render(host->record));
    else if (options.json)
        console.printExact(answer::writeRecord(host->record));
    else
        describeRecord(host->record, console);
    return host->record.compat.known ? Status::yes : Status::unknown;
}

} // namespace

void addShow(CLI::App& app, Action& chosen) {
    Command command(
        app, "show",
        "Print this host's model, the mode it runs in, and each mode that its KVM guests "
        "can have");
    auto options = std::make_shared<ShowOptions>();
    command.json(options->json);
    command.flag("--modes", options->modes, "Print only the supported modes, one on each line");
    command.notBoth("--modes", "--json");
    command.probe(options->probe);
    command.quiet(options->quiet);
    command.noSandbox(options->noSandbox);
    command.onChosen(chosen, [options](Console& console) { return show(*options, console); });
}

} // namespace hostcompat::tools
