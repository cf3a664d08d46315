// SPDX-License-Identifier: LGPL-2.1-or-later
// The command "validate": whether documents are valid, by which grammar, and what is wrong.
#include "driver/io/inputs.hpp"
#include "driver/io/read_file.hpp"
#include "driver/validate/batch.hpp"
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
    unsigned jobs = 0;
    bool quiet = false;
    bool noSandbox = false;
    bool verbose = false;
    bool noFastPath = false;
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

/// What documents the fast path leaves to libxml2, for --verbose.
void explainFastPath(const Grammar& grammar, const ValidateOptions& options, Console& console) {
    if (options.noFastPath)
        console.explain("fast path: off, as --no-fast-path says\n");
    else if (!grammar.acceptor())
        console.explain("fast path: off for this grammar: " + grammar.fastPathOff() + "\n");
    else
        console.explain("fast path: on\n");
    if (!options.noFastPath && grammar.acceptor())
        for (const std::string& note : grammar.acceptor()->notes)
            console.explain("fast path: leaves to libxml2: " + note + "\n");
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
    std::vector<std::string> readable = options.files;
    if (options.strict) // libvirt's grammar is compiled when a document first needs it
        readable.push_back(options.schemaDir.empty() ? Grammar::defaultSchemaDir()
                                                     : options.schemaDir);
    if (const auto entered = restrictToInputs(readable, options.filesFrom, options.noSandbox);
        !entered)
        return console.fail(entered.error());

    if (options.verbose)
        explainFastPath(*grammar, options, console);
    const auto report = makeReport(options.json ? "json" : options.format, console);
    report->begin(grammar->name());
    Inputs inputs(options.files,
                  options.filesFrom.empty() ? std::nullopt : std::optional(options.filesFrom));
    Status status = Status::yes;
    validateBatch(
        *grammar, [&] { return inputs.next(); },
        [&](const std::string& path, const Result<Verdict>& result) {
            report->input(path.empty() && !result ? result.error().subject : inputName(path),
                          result);
            if (!result)
                status = worse(status, console.fail(result.error()));
            else if (!result->valid)
                status = worse(status, Status::no);
        },
        {.jobs = options.jobs, .fastPath = options.noFastPath ? FastPath::off : FastPath::on});
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
    command.jobs(options->jobs);
    command.flag("--verbose", options->verbose,
                 "Say whether the fast path is on, and what it leaves to libxml2");
    command.flag("--no-fast-path", options->noFastPath, "Send every document to libxml2");
    command.noSandbox(options->noSandbox);
    command.onChosen(chosen, [options](Console& console) { return validate(*options, console); });
}

} // namespace hostcompat::tools
