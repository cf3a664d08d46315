// SPDX-License-Identifier: LGPL-2.1-or-later
// The command "compare": whether one host supports what another does, as virsh cpu-compare tells.
#include "driver/io/read_file.hpp"
#include "driver/policy/compare.hpp"
#include "driver/policy/host_modes.hpp"
#include "driver/policy/wording.hpp"
#include "tools/command.hpp"
#include "tools/options.hpp"
#include "tools/policy_options.hpp"
#include "tools/sandboxing.hpp"

#include <fmt/format.h>

#include <memory>

namespace hostcompat::tools {

namespace {

struct CompareOptions {
    std::string first;
    std::string second;
    bool json = false;
    bool quiet = false;
    bool noSandbox = false;
};

Result<HostModes> readHost(const std::string& input) {
    const auto bytes = readInput(input);
    if (!bytes)
        return std::unexpected(bytes.error());
    auto hosts = readHostModes(*bytes, inputName(input));
    if (hosts.size() > 1)
        return std::unexpected(Error{.kind = ErrorKind::input,
                                     .action = "compare",
                                     .subject = inputName(input),
                                     .reason = "it holds several documents"});
    Result<HostModes> first = std::move(hosts.front());
    return first;
}

std::string sentence(Comparison comparison, const std::string& first, const std::string& second,
                     ModeSet firstModes, ModeSet secondModes) {
    const auto without = [](ModeSet modes, ModeSet other) {
        return wording::modeNames(ModeSet(modes.bits() & ~other.bits()));
    };
    switch (comparison) {
    case Comparison::equal:
        return fmt::format("{} is equal to {}: both support {}", first, second,
                           wording::modeNames(firstModes));
    case Comparison::superset:
        return fmt::format("{} is a superset of {}: it supports {} too", first, second,
                           without(firstModes, secondModes));
    case Comparison::subset:
        return fmt::format("{} is a subset of {}: it lacks {}", first, second,
                           without(secondModes, firstModes));
    case Comparison::incomparable:
        break;
    }
    return fmt::format("{} and {} are incomparable: only the first supports {}, only the second {}",
                       first, second, without(firstModes, secondModes),
                       without(secondModes, firstModes));
}

std::string_view word(Comparison comparison) {
    switch (comparison) {
    case Comparison::equal:
        return "equal";
    case Comparison::superset:
        return "superset";
    case Comparison::subset:
        return "subset";
    case Comparison::incomparable:
        break;
    }
    return "incomparable";
}

Status compare(const CompareOptions& options, Console& console) {
    console.setQuiet(options.quiet);
    if (const auto once = refuseSecondStdin({options.first, options.second}); !once)
        return console.fail(once.error());
    if (const auto entered =
            restrictToInputs({options.first, options.second}, "", options.noSandbox);
        !entered)
        return console.fail(entered.error());
    const auto first = readHost(options.first);
    const auto second = readHost(options.second);
    if (!first || !second) {
        Status status = Status::yes;
        for (const auto* host : {&first, &second})
            if (!*host)
                status = worse(status, console.fail(host->error()));
        return status;
    }
    const std::string firstName = inputName(options.first);
    const std::string secondName = inputName(options.second);
    if (!first->supported || !second->supported) {
        if (options.json)
            printJson(console, {{"comparison", "unknown"}});
        if (!first->supported)
            console.warn(wording::hostDoesNotSay(firstName));
        if (!second->supported)
            console.warn(wording::hostDoesNotSay(secondName));
        return Status::unknown;
    }
    const Comparison comparison = compareModes(*first->supported, *second->supported);
    if (options.json)
        printJson(console,
                  {{"comparison", word(comparison)},
                   {"first", {{"input", firstName}, {"modes", jsonModes(*first->supported)}}},
                   {"second", {{"input", secondName}, {"modes", jsonModes(*second->supported)}}}});
    else
        console.print(
            sentence(comparison, firstName, secondName, *first->supported, *second->supported) +
            "\n");
    return comparison == Comparison::equal || comparison == Comparison::superset ? Status::yes
                                                                                 : Status::no;
}

} // namespace

void addCompare(CLI::App& app, Action& chosen) {
    Command command(app, "compare",
                    "Tell whether host A supports every mode that host B does (status 0)");
    auto options = std::make_shared<CompareOptions>();
    command.input("A", options->first,
                  "A capabilities document or host <cpu> (- is standard input)", true);
    command.input("B", options->second, "The one to compare with", true);
    command.json(options->json);
    command.quiet(options->quiet);
    command.noSandbox(options->noSandbox);
    command.onChosen(chosen, [options](Console& console) { return compare(*options, console); });
}

} // namespace hostcompat::tools
