// SPDX-License-Identifier: LGPL-2.1-or-later
// The command "validate": whether documents are valid, by which grammar, and what is wrong.
#include "driver/io/inputs.hpp"
#include "driver/io/read_file.hpp"
#include "driver/validate/validator.hpp"
#include "tools/command.hpp"
#include "tools/options.hpp"
#include "tools/sandboxing.hpp"
#include "tools/validate_report.hpp"

#include <memory>
#include <optional>
#include <vector>

namespace hostcompat::tools {

namespace {

struct ValidateOptions {
    std::vector<std::string> files;
    std::string filesFrom;
    std::string schemaDir;
    std::string format = "text";
    bool strict = false;
    bool json = false;
    bool quiet = false;
    bool noSandbox = false;
};

Result<Grammar> chooseGrammar(const ValidateOptions& options) {
    if (!options.strict && !options.schemaDir.empty())
        return std::unexpected(Error{.kind = ErrorKind::usage,
                                     .action = "use --schema-dir",
                                     .reason = "it goes with --strict only"});
    if (!options.strict)
        return Grammar::builtIn();
    return options.schemaDir.empty() ? Grammar::strict() : Grammar::strict(options.schemaDir);
}

Result<Verdict> validateInput(Validator& validator, const std::string& path, std::string& bytes) {
    if (auto read = readInputInto(path, bytes); !read)
        return std::unexpected(std::move(read.error()));
    return validator.validate(bytes, inputName(path));
}

Status validate(const ValidateOptions& options, Console& console) {
    console.setQuiet(options.quiet);
    if (options.files.empty() && options.filesFrom.empty())
        return console.fail({.kind = ErrorKind::usage,
                             .action = "validate",
                             .reason = "no document is named",
                             .remedy = "name files or folders, - for standard input, or give "
                                       "--files-from"});
    const auto grammar = chooseGrammar(options);
    if (!grammar)
        return console.fail(grammar.error());
    if (const auto entered = restrictToInputs(options.files, options.filesFrom, options.noSandbox);
        !entered)
        return console.fail(entered.error());

    Validator validator(*grammar);
    const auto report = makeReport(options.json ? "json" : options.format, console);
    report->begin(grammar->name());
    Inputs inputs(options.files,
                  options.filesFrom.empty() ? std::nullopt : std::optional(options.filesFrom));
    Status status = Status::yes;
    std::string bytes;
    while (const auto path = inputs.next()) {
        const Result<Verdict> result =
            *path ? validateInput(validator, **path, bytes) : std::unexpected(path->error());
        report->input(*path ? inputName(**path) : path->error().subject, result);
        if (!result)
            status = worse(status, console.fail(result.error()));
        else if (!result->valid)
            status = worse(status, Status::no);
    }
    report->end();
    return status;
}

} // namespace

void addValidate(CLI::App& app, Action& chosen) {
    Command command(app, "validate",
                    "Tell whether capabilities documents are valid, and what is wrong with them");
    auto options = std::make_shared<ValidateOptions>();
    command.inputs("FILE", options->files,
                   "Documents, and folders with documents (*.xml) below them; - is standard input");
    command.filesFrom(options->filesFrom);
    command.strict(options->strict, options->schemaDir);
    command.choice("--format", options->format, "FORMAT", {"text", "json", "junit"},
                   "Print the verdicts as text (the default), json or junit");
    command.json(options->json);
    command.quiet(options->quiet);
    command.noSandbox(options->noSandbox);
    command.onChosen(chosen, [options](Console& console) { return validate(*options, console); });
}

} // namespace hostcompat::tools
