// SPDX-License-Identifier: LGPL-2.1-or-later
// The command "doctor": checks what is needed to find out the modes, like virt-host-validate.
#include "driver/sandbox/sandbox.hpp"
#include "tools/command.hpp"
#include "tools/host_source.hpp"
#include "tools/options.hpp"
#include "tools/policy_options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

namespace hostcompat::tools {

namespace {

struct DoctorOptions {
    std::string probe;
    bool json = false;
    bool quiet = false;
    bool noSandbox = false;
};

std::string checkLine(const model::Check& check, std::string_view about) {
    std::string line = fmt::format("{:>6}: {:<69}: {}", about, "Checking if " + check.name,
                                   toString(check.result));
    if (!check.hint.empty())
        line += fmt::format(" ({})", check.hint);
    return line;
}

std::string sandboxHint(const sandbox::SandboxSupport& sandbox) {
    if (!sandbox.built)
        return "no: this program was built without it; documents are parsed with every right of "
               "the caller";
    if (!sandbox.filter)
        return fmt::format(
            "no: the kernel accepts no seccomp filter ({}); documents are parsed with "
            "every right of the caller",
            model::errorName(sandbox.errorNumber));
    if (sandbox.landlock == 0)
        return "yes, but the kernel has no Landlock, so a command can read files that are not "
               "named";
    return {};
}

/// About the machine that this program runs on, so it is not part of a host's record.
model::Check checkSandbox() {
    const sandbox::SandboxSupport sandbox = sandbox::sandboxSupport();
    std::string hint = sandboxHint(sandbox);
    return {.name = "documents are parsed without the right to open anything",
            .result = hint.empty() ? model::CheckResult::pass : model::CheckResult::note,
            .hint = std::move(hint)};
}

Status doctor(const DoctorOptions& options, Console& console) {
    console.setQuiet(options.quiet);
    const auto host = lookAtHost(options.probe, options.noSandbox, {.alwaysTry = true});
    if (!host)
        return console.fail(host.error());
    const bool failed = std::ranges::any_of(host->record.checks, [](const model::Check& check) {
        return check.result == model::CheckResult::fail;
    });
    auto json = nlohmann::ordered_json::array();
    const auto print = [&](const model::Check& check, std::string_view about) {
        if (options.json)
            json.push_back({{"about", about},
                            {"name", check.name},
                            {"result", toString(check.result)},
                            {"hint", jsonText(check.hint)}});
        else
            console.printLine(checkLine(check, about));
    };
    for (const model::Check& check : host->record.checks)
        print(check, "POWER");
    if (options.probe.empty())
        print(checkSandbox(), "TOOL");
    if (options.json)
        printJson(console, {{"status", failed ? "failed" : "passed"}, {"checks", std::move(json)}});
    return failed ? Status::no : Status::yes;
}

} // namespace

void addDoctor(CLI::App& app, Action& chosen) {
    Command command(app, "doctor", "Check what is needed to find out the modes, with hints");
    auto options = std::make_shared<DoctorOptions>();
    command.probe(options->probe);
    command.json(options->json);
    command.quiet(options->quiet);
    command.noSandbox(options->noSandbox);
    command.onChosen(chosen, [options](Console& console) { return doctor(*options, console); });
}

} // namespace hostcompat::tools
