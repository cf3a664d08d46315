// SPDX-License-Identifier: LGPL-2.1-or-later
// The command "compare": whether one host supports every mode of another host, like virsh
// cpu-compare.
#include "driver/answer/host_input.hpp"
#include "driver/input/read_file.hpp"
#include "driver/policy/compare.hpp"
#include "driver/policy/wording.hpp"
#include "driver/xml/host_modes.hpp"
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

Result<xml::HostModes> readHost(const std::string& input) {
    const auto bytes = input::readInput(input);
    if (!bytes)
        return std::unexpected(bytes.error());
    auto hosts = answer::readHostModes(*bytes, input::inputName(input));
    if (hosts.size() > 1)
        return std::unexpected(Error{.kind = ErrorKind::input,
                                     .action = "compare",
                                     .subject = input::inputName(input),
                                     .reason = "it holds several documents"});
    Result<xml::HostModes> first = std::move(hosts.front());
    return first;
}

std::string sentence(policy::Comparison comparison, const std::string& first,
                     const std::string& second, model::ModeSet firstModes,
                     model::ModeSet secondModes) {
    const auto without = [](model::ModeSet modes, model::ModeSet other) {
        return policy::wording::modeNames(modes - other);
    };
    switch (comparison) {
    case policy::Comparison::equal:
        return fmt::format("{} is equal to {}: both support {}", first, second,
                           policy::wording::modeNames(firstModes));
    case policy::Comparison::superset:
        return fmt::format("{} is a superset of {}: it supports {} too", first, second,
                           without(firstModes, secondModes));
    case policy::Comparison::subset:
        return fmt::format("{} is a subset of {}: it lacks {}", first, second,
                           without(secondModes, firstModes));
    case policy::Comparison::incomparable:
        break;
    }
    return fmt::format("{} and {} are incomparable: only the first supports {}, only the second {}",
                       first, second, without(firstModes, secondModes),
                       without(secondModes, firstModes));
}

std::string_view word(policy::Comparison comparison) {
    switch (comparison) {
    case policy::Comparison::equal:
        return "equal";
    case policy::Comparison::superset:
        return "superset";
    case policy::Comparison::subset:
        return "subset";
    case policy::Comparison::incomparable:
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
    const std::string firstName = input::inputName(options.first);
    const std::string secondName = input::inputName(options.second);
    for (const auto& [host, name] :
         {std::pair(&*first, firstName), std::pair(&*second, secondName)})
        if (host->doubtful)
            console.warn(policy::wording::doubtfulHosts(name));
    if (!first->supported || !second->supported) {
        if (options.json)
            printJson(console, {{"comparison", "unknown"}});
        if (!first->supported)
            console.warn(policy::wording::hostDoesNotSay(firstName, first->reason));
        if (!second->supported)
            console.warn(policy::wording::hostDoesNotSay(secondName, second->reason));
        return Status::unknown;
    }
    const model::ModeSet lacked = *second->supported - *first->supported;
    const model::ModeSet doubted = second->doubted() - *first->supported;
    if ((lacked & first->refused).empty() && !(lacked | doubted).empty()) {
        if (options.json)
            printJson(console, {{"comparison", "unknown"}});
        if (!lacked.empty())
            console.warn(policy::wording::modesNotTold(firstName, lacked));
        if (!doubted.empty())
            console.warn(policy::wording::modesNotTold(secondName, doubted));
        return Status::unknown;
    }
    const policy::Comparison comparison =
        policy::compareModes(*first->supported, *second->supported);
    if (options.json)
        printJson(console,
                  {{"comparison", word(comparison)},
                   {"first", {{"input", firstName}, {"modes", jsonModes(*first->supported)}}},
                   {"second", {{"input", secondName}, {"modes", jsonModes(*second->supported)}}}});
    else
        console.printLine(
            sentence(comparison, firstName, secondName, *first->supported, *second->supported));
    return comparison == policy::Comparison::equal || comparison == policy::Comparison::superset
               ? Status::yes
               : Status::no;
}

} // namespace

void addCompare(CLI::App& app, Action& chosen) {
    Command command(app, "compare",
                    "Say whether host A supports every mode that host B supports (status 0)");
    auto options = std::make_shared<CompareOptions>();
    command.input(
        "A", options->first,
        "A capabilities document, host <cpu>, or record of 'show --json' (- is standard input)",
        true);
    command.input("B", options->second, "The host to compare with", true);
    command.json(options->json);
    command.quiet(options->quiet);
    command.noSandbox(options->noSandbox);
    command.onChosen(chosen, [options](Console& console) { return compare(*options, console); });
}

} // namespace hostcompat::tools
