// SPDX-License-Identifier: LGPL-2.1-or-later
// Describes commands and options to CLI11, which parses the command line.
#include "tools/options.hpp"

#include "tools/ci_report.hpp"
#include "tools/version.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace hostcompat::tools {

namespace {

std::unexpected<Error> usageError(const CLI::ParseError& error) {
    std::string reason = error.what();
    while (reason.ends_with('\n') || reason.ends_with('.'))
        reason.pop_back();
    return std::unexpected(Error{.kind = ErrorKind::usage,
                                 .action = "understand the command line",
                                 .reason = std::move(reason),
                                 .remedy = "see 'virt-host-compat --help'"});
}

/// A command that consists of several parts, without the name of one of them.
std::unexpected<Error> partMissing(const CLI::App& command) {
    std::vector<std::string> names;
    for (const CLI::App* part : command.get_subcommands({}))
        names.push_back(part->get_name());
    return std::unexpected(
        Error{.kind = ErrorKind::usage,
              .action = "understand the command line",
              .reason = fmt::format("{} must be followed by one of {}", command.get_name(),
                                    fmt::join(names, ", ")),
              .remedy = fmt::format("see 'virt-host-compat {} --help'", command.get_name())});
}

/// Refuses an empty file or folder name: it comes from an empty variable in a script, and does not
/// mean the default.
CLI::Validator notEmpty() {
    return {[](const std::string& value) { return std::string(value.empty() ? "is empty" : ""); },
            ""};
}

} // namespace

Result<Wish> understand(int argc, char** argv, std::span<const CommandEntry> commands) {
    CLI::App app(
        "Finds out which compatibility modes KVM guests can have on this IBM POWER host, writes "
        "them into libvirt's host capabilities, and checks domains and hosts against them.",
        "virt-host-compat");
    app.require_subcommand(0, 1);
    app.set_version_flag("-V,--version", fmt::format("virt-host-compat {}", kVersion),
                         "Print the version and exit");
    app.set_help_flag("-h,--help", "Print this help and exit");
    app.get_formatter()->column_width(32);
    app.footer("Exit status: 0 yes, 1 no, 2 usage, 3 an input cannot be read or parsed, 4 unknown, "
               "5 a system call failed, or standard output could not be written.");

    // Without a command, run "show", which also takes the options.
    std::vector<const char*> arguments(argv, argv + argc);
    const std::string_view first = argc > 1 ? argv[1] : "";
    const bool aboutProgram =
        first == "-h" || first == "--help" || first == "-V" || first == "--version";
    if (argc < 2 || (first.starts_with('-') && !aboutProgram))
        arguments.insert(arguments.begin() + std::min(argc, 1), "show");

    Action chosen;
    // Only the named command is described in full, because describing all of them takes longer than
    // most commands run.
    const auto named = std::ranges::find(
        commands, std::string_view(arguments.size() > 1 ? arguments[1] : ""), &CommandEntry::name);
    for (const CommandEntry& entry : commands)
        if (named == commands.end() || named->name == entry.name)
            entry.add(app, chosen);
    try {
        app.parse(static_cast<int>(arguments.size()), arguments.data());
    } catch (const CLI::CallForHelp&) {
        const auto used = app.get_subcommands();
        return Wish{.text = used.empty() ? app.help() : used.front()->help(app.get_name())};
    } catch (const CLI::CallForVersion& version) {
        return Wish{.text = version.what() + std::string("\n")};
    } catch (const CLI::RequiredError& error) {
        const auto used = app.get_subcommands();
        return used.empty() || used.front()->get_require_subcommand_min() == 0 ||
                       !used.front()->get_subcommands().empty()
                   ? usageError(error)
                   : partMissing(*used.front());
    } catch (const CLI::ParseError& error) {
        return usageError(error);
    }
    if (!chosen)
        return usageError(CLI::RequiredError("a command"));
    return Wish{.action = std::move(chosen)};
}

Command::Command(CLI::App& app, const char* name, const char* help)
    : command_(app.add_subcommand(name, help)) {}

void Command::flag(const char* name, bool& value, const char* help) {
    command_->add_flag(name, value, help);
}

void Command::text(const char* name, std::string& value, const char* valueName, const char* help) {
    command_->add_option(name, value, help)->type_name(valueName)->check(notEmpty());
}

void Command::number(const char* name, unsigned& value, const char* valueName, unsigned least,
                     unsigned most, const char* help) {
    command_->add_option(name, value, help)->type_name(valueName)->check(CLI::Range(least, most));
}

void Command::choice(const char* name, std::string& value, const char* valueName,
                     std::vector<std::string> choices, const char* help) {
    command_->add_option(name, value, help)
        ->type_name(valueName)
        ->check(CLI::IsMember(std::move(choices)));
}

void Command::texts(const char* name, std::vector<std::string>& values, const char* valueName,
                    const char* help) {
    command_->add_option(name, values, help)
        ->type_name(valueName)
        ->expected(1)
        ->take_all()
        ->check(notEmpty());
}

void Command::input(const char* name, std::string& value, const char* help, bool required) {
    command_->add_option(name, value, help)->type_name("")->required(required);
}

void Command::inputs(const char* name, std::vector<std::string>& values, const char* help,
                     bool required) {
    command_->add_option(name, values, help)->type_name("")->required(required);
}

void Command::connect(std::optional<std::string>& uri, const char* help) {
    command_->add_option("--connect", uri, help)->type_name("URI");
}

void Command::connect(bool& connects, std::vector<std::string>& uris) {
    command_
        ->add_option_function<std::vector<std::string>>(
            "--connect",
            [&](const std::vector<std::string>& given) {
                connects = true;
                uris = given;
                // Without a URI, CLI11 gives one empty text.
                std::erase(uris, std::string());
            },
            "Ask the libvirt daemons at URI..., read-only, instead of reading documents; "
            "--files-from then lists URIs")
        ->type_name("URI")
        ->expected(0, -1);
}

void Command::timeout(double& seconds, const char* help) {
    command_->add_option("--timeout", seconds, help)
        ->type_name("SECONDS")
        ->check(CLI::Range(0.1, 3600.0));
}

void Command::requireSubcommand() {
    command_->require_subcommand(1);
}

void Command::probe(std::string& file) {
    text("--probe", file, "FILE",
         "Use the record in FILE (from 'show --json'; - is standard input) instead of this host");
}

void Command::host(std::string& file) {
    text("--host", file, "CAPS",
         "Use the capabilities document or record CAPS (- is standard input) instead of this "
         "host");
}

void Command::json(bool& value) {
    flag("-J,--json", value, "Print the answer as one JSON object");
}

void Command::quiet(bool& value) {
    flag("-q,--quiet", value, "Print only errors; the exit status is the answer");
}

void Command::format(std::string& value) {
    std::vector<std::string> formats = {"text", "json"};
    std::ranges::move(ciFormats(), std::back_inserter(formats));
    choice("--format", value, "FORMAT", std::move(formats),
           "Print as text (default), json, or for CI: junit, sarif, gitlab or github");
}

void Command::notBoth(const char* name, const char* other) {
    never_.emplace_back(command_->get_option(name), command_->get_option(other));
}

void Command::noSandbox(bool& value) {
    flag("--no-sandbox", value,
         "Keep the right to open files, sockets and processes while documents are parsed");
}

void Command::atLeast(std::string& mode) {
    text("--at-least", mode, "MODE", "Use only MODE (such as power10) and newer modes");
}

void Command::filesFrom(std::string& file) {
    text("--files-from", file, "FILE",
         "Read the names of further inputs from FILE, one on each line (- is standard input)");
}

void Command::jobs(unsigned& count) {
    number("-j,--jobs", count, "N", 1, 1024,
           "Work on N inputs at a time (default: one for each processor)");
}

void Command::strict(bool& value, std::string& schemaDir) {
    flag("--strict", value, "Use libvirt's own grammars, extended by what this program writes");
    text("--schema-dir", schemaDir, "DIR",
         "Where libvirt's grammars are (with --strict; default: where libvirt installs them)");
}

void Command::onChosen(Action& chosen, Action action) {
    command_->callback([&chosen, action = std::move(action), never = never_] {
        for (const auto& [one, other] : never)
            if (one->count() != 0 && other->count() != 0)
                throw CLI::ExcludesError(one->get_name(), other->get_name());
        chosen = action;
    });
}

} // namespace hostcompat::tools
