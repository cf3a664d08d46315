// SPDX-License-Identifier: LGPL-2.1-or-later
// The command "validate": whether documents are valid, by which grammar, and what is wrong.
#include "tools/command.hpp"
#include "tools/options.hpp"
#include "tools/validate_run.hpp"

#include <memory>

namespace hostcompat::tools {

void addValidate(CLI::App& app, Action& chosen) {
    Command command(app, "validate",
                    "Validate host and domain capabilities documents, and print their defects");
    auto options = std::make_shared<ValidateOptions>();
    command.inputs("FILE", options->files,
                   "Documents, and folders with documents (*.xml) below them; - is standard input");
    command.filesFrom(options->filesFrom);
    command.strict(options->strict, options->schemaDir);
    command.format(options->format);
    command.json(options->json);
    command.notBoth("--format", "--json");
    command.quiet(options->quiet);
    command.jobs(options->jobs);
    command.flag("--verbose", options->verbose,
                 "Print whether the fast path is on, and what it leaves to libxml2");
    command.flag("--no-fast-path", options->noFastPath, "Send every document to libxml2");
    command.noSandbox(options->noSandbox);
    command.onChosen(chosen,
                     [options](Console& console) { return runValidate(*options, console); });
}

} // namespace hostcompat::tools
