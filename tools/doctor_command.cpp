// SPDX-License-Identifier: LGPL-2.1-or-later
// The command "doctor": each precondition of a known answer, in the manner of virt-host-validate.
#include "tools/command.hpp"
#include "tools/host_source.hpp"
#include "tools/options.hpp"

#include <fmt/format.h>

#include <memory>

namespace hostcompat::tools {

namespace {

struct DoctorOptions {
    std::string probe;
    bool quiet = false;
};

std::string checkLine(const Check& check) {
    std::string line = fmt::format("{:>6}: {:<69}: {}", "POWER", "Checking if " + check.name,
                                   toString(check.result));
    if (!check.hint.empty())
        line += fmt::format(" ({})", check.hint);
    return line + "\n";
}

Status doctor(const DoctorOptions& options, Console& console) {
    console.setQuiet(options.quiet);
    const auto host = lookAtHost(options.probe);
    if (!host)
        return console.fail(host.error());
    Status status = Status::yes;
    for (const Check& check : host->record.checks) {
        console.print(checkLine(check));
        if (check.result == CheckResult::fail)
            status = Status::no;
    }
    return status;
}

} // namespace

void addDoctor(CLI::App& app, Action& chosen) {
    Command command(app, "doctor",
                    "Check each precondition of a known answer, with hints where one is missing");
    auto options = std::make_shared<DoctorOptions>();
    command.probe(options->probe);
    command.quiet(options->quiet);
    command.onChosen(chosen, [options](Console& console) { return doctor(*options, console); });
}

} // namespace hostcompat::tools
