// SPDX-License-Identifier: LGPL-2.1-or-later
// The command "fit": pins a mode that the host supports in a domain.
#include "driver/input/read_file.hpp"
#include "driver/policy/fit.hpp"
#include "tools/command.hpp"
#include "tools/host_source.hpp"
#include "tools/options.hpp"
#include "tools/policy_options.hpp"

#include <fmt/format.h>

#include <memory>

namespace hostcompat::tools {

namespace {

struct FitOptions {
    PolicyOptions policy;
    std::string domain;
    std::string mode;
    std::string atLeast;
};

Status fit(const FitOptions& options, Console& console) {
    console.setQuiet(options.policy.quiet);
    if (const auto once =
            refuseSecondStdin({options.domain, options.policy.host, options.policy.probe});
        !once)
        return console.fail(once.error());
    const auto wished = modeOption("--mode", options.mode);
    const auto atLeast = modeOption("--at-least", options.atLeast);
    if (!wished || !atLeast)
        return console.fail(wished ? atLeast.error() : wished.error());
    if (*wished != 0 && *wished < *atLeast)
        return console.fail({.kind = ErrorKind::usage,
                             .action = "fit",
                             .reason = fmt::format("--mode {} is older than --at-least {}",
                                                   options.mode, options.atLeast),
                             .remedy = "give one of the two"});
    const auto qemu = loadQemuModes(options.policy);
    if (!qemu)
        return console.fail(qemu.error());
    const auto host = loadPolicyHost(options.policy, {options.domain});
    if (!host)
        return console.fail(host.error());
    warnOfDoubtfulSource(host->compat, host->name, console);
    auto bytes = input::readInput(options.domain);
    if (!bytes)
        return console.fail(bytes.error());
    const std::string name = input::inputName(options.domain);
    const auto document = xml::DomainDocument::read(std::move(*bytes), name);
    if (!document)
        return console.fail(document.error());

    const policy::FitAnswer answer = policy::fitDomain(
        *document, *host, {.mode = *wished, .atLeast = *atLeast}, *qemu ? &**qemu : nullptr);
    if (answer.verdict == policy::Verdict::compatible) {
        console.printExact(answer.document);
        return Status::yes;
    }
    // Not with fail(): that no mode can be pinned is an answer, not an error.
    console.refuse(fmt::format("{}: no mode can be pinned: {}{}{}", name, answer.reason,
                               answer.remedy.empty() ? "" : "; ", answer.remedy));
    return answer.verdict == policy::Verdict::unknown ? Status::unknown : Status::no;
}

} // namespace

void addFit(CLI::App& app, Action& chosen) {
    Command command(app, "fit", "Print the domain with the newest supported mode pinned");
    auto options = std::make_shared<FitOptions>();
    command.input("DOMAIN", options->domain, "The domain document (- is standard input)", true);
    command.text("--mode", options->mode, "MODE",
                 "Pin MODE (such as power9) instead of the newest");
    command.atLeast(options->atLeast);
    addPolicyOptions(command, options->policy);
    command.onChosen(chosen, [options](Console& console) { return fit(*options, console); });
}

} // namespace hostcompat::tools
