// SPDX-License-Identifier: LGPL-2.1-or-later
// Chooses the grammar, enters the sandbox and reports the verdicts of a batch.
#include "tools/validate_run.hpp"

#include "driver/input/inputs.hpp"
#include "driver/input/read_file.hpp"
#include "driver/validate/batch.hpp"
#include "driver/validate/libxml_memory.hpp"
#include "tools/out_of_memory.hpp"
#include "tools/progress.hpp"
#include "tools/sandboxing.hpp"
#include "tools/validate_report.hpp"

#include <optional>
#include <unistd.h>
#include <vector>

namespace hostcompat::tools {

namespace {

/// Reads the grammar's files, enters the sandbox, and only then parses them.
Result<validate::Grammar> chooseGrammar(const ValidateOptions& options) {
    if (!options.strict && !options.schemaDir.empty())
        return std::unexpected(Error{
            .kind = ErrorKind::usage, .action = "use --schema-dir", .reason = "it needs --strict"});
    const std::string schemaDir =
        options.schemaDir.empty() ? validate::Grammar::defaultSchemaDir() : options.schemaDir;
    validate::GrammarReader read;
    if (options.strict) {
        auto folder = validate::Grammar::readLibvirts(schemaDir);
        if (!folder)
            return std::unexpected(std::move(folder.error()));
        read = std::move(*folder);
    }
    if (auto entered = restrictToInputs(options.files, options.filesFrom, options.noSandbox);
        !entered)
        return std::unexpected(std::move(entered.error()));
    return options.strict ? validate::Grammar::strict(schemaDir, std::move(read))
                          : validate::Grammar::builtIn();
}

/// Prints which documents the fast path leaves to libxml2, for --verbose.
void explainFastPath(const std::string& which, const Result<validate::Grammar>& grammar,
                     Console& console) {
    if (!grammar) {
        console.explain(which + ": off: " + model::describe(grammar.error()));
        return;
    }
    if (!grammar->acceptor()) {
        console.explain(which + ": off for this grammar: " + grammar->fastPathOff());
        return;
    }
    console.explain(which + ": on");
    for (const std::string& note : grammar->acceptor()->notes)
        console.explain(which + ": leaves to libxml2: " + note);
}

} // namespace

Status runValidate(const ValidateOptions& options, Console& console) {
    console.setQuiet(options.quiet);
    validate::stopOnLibxmlMemoryFailure(outOfMemory);
    if (options.files.empty() && options.filesFrom.empty())
        return console.fail({.kind = ErrorKind::usage,
                             .action = "validate",
                             .reason = "no document is named",
                             .remedy = "name files or folders, - for standard input, or give "
                                       "--files-from"});
    const auto grammar = chooseGrammar(options);
    if (!grammar)
        return console.fail(grammar.error());

    if (options.verbose && options.noFastPath) {
        console.explain("fast path: off (--no-fast-path)");
    } else if (options.verbose) {
        explainFastPath("fast path", grammar, console);
        explainFastPath("fast path for domain capabilities", grammar->domainCapabilities(),
                        console);
    }
    const auto report = makeReport(options.json ? "json" : options.format, console);
    report->begin(grammar->name());
    input::Inputs inputs(
        options.files, options.filesFrom.empty() ? std::nullopt : std::optional(options.filesFrom));
    Status status = Status::yes;
    // If the verdicts are printed on a terminal, they already show the progress.
    Progress progress(!options.quiet && ::isatty(STDOUT_FILENO) == 0);
    std::uint64_t count = 0;
    const auto done = validate::validateBatch(
        *grammar, [&] { return inputs.next(); },
        [&](const std::string& path, const Result<validate::Verdict>& result) {
            report->input(path.empty() && !result ? result.error().subject : input::inputName(path),
                          result);
            if (!result) {
                progress.clear();
                status = worse(status, console.fail(result.error()));
            } else if (!result->valid) {
                status = worse(status, Status::no);
            }
            progress.show(++count);
        },
        {.jobs = options.jobs,
         .fastPath = options.noFastPath ? validate::FastPath::off : validate::FastPath::on});
    progress.clear();
    if (!done)
        status = worse(status, console.fail(done.error()));
    report->end();
    return status;
}

} // namespace hostcompat::tools
