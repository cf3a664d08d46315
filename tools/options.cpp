// SPDX-License-Identifier: LGPL-2.1-or-later
// Describes options to CLI11.
#include "tools/options.hpp"

#include <CLI/CLI.hpp>

#include <utility>

namespace hostcompat::tools {

Command::Command(CLI::App& app, const char* name, const char* help)
    : command_(app.add_subcommand(name, help)) {}

void Command::flag(const char* name, bool& value, const char* help) {
    command_->add_flag(name, value, help);
}

void Command::text(const char* name, std::string& value, const char* valueName, const char* help) {
    command_->add_option(name, value, help)->type_name(valueName);
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
    command_->add_option(name, values, help)->type_name(valueName)->expected(1)->take_all();
}

void Command::input(const char* name, std::string& value, const char* help, bool required) {
    command_->add_option(name, value, help)->type_name("")->required(required);
}

void Command::inputs(const char* name, std::vector<std::string>& values, const char* help,
                     bool required) {
    command_->add_option(name, values, help)->type_name("")->required(required);
}

void Command::connect(std::optional<std::string>& uri) {
    command_
        ->add_option("--connect", uri,
                     "Complete the document of the libvirt daemon at URI ('' is libvirt's default)")
        ->type_name("URI");
}

void Command::connect(bool& connects, std::vector<std::string>& uris) {
    command_
        ->add_option_function<std::vector<std::string>>(
            "--connect",
            [&](const std::vector<std::string>& given) {
                connects = true;
                uris = given;
                // Without a URI behind it, CLI11 gives one empty text.
                std::erase(uris, std::string());
            },
            "Ask the libvirt daemons at URI..., read-only, in place of documents; with it, "
            "--files-from names URIs")
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
         "Use the record in FILE (of 'show --json'; - is standard input) in place of this host");
}

void Command::host(std::string& file) {
    text("--host", file, "CAPS",
         "Use the capabilities document CAPS (- is standard input) in place of this host");
}

void Command::json(bool& value) {
    flag("--json", value, "Print the answer as one JSON object");
}

void Command::quiet(bool& value) {
    flag("--quiet", value, "Print no answer, only errors; the exit status is the answer");
}
void Command::noSandbox(bool& value) {
    flag("--no-sandbox", value,
         "Keep the right to open files, sockets and processes while documents are parsed");
}

void Command::filesFrom(std::string& file) {
    text("--files-from", file, "FILE",
         "Read the names of further inputs from FILE, one on each line (- is standard input)");
}

void Command::jobs(unsigned& count) {
    number("--jobs", count, "N", 1, 1024,
           "Work on N inputs at a time (default: one for each processor)");
}

void Command::strict(bool& value, std::string& schemaDir) {
    flag("--strict", value, "Use libvirt's own grammar with <compat> admitted");
    text("--schema-dir", schemaDir, "DIR",
         "Where libvirt's grammars are (with --strict; default: where libvirt installs them)");
}

void Command::onChosen(Action& chosen, Action action) {
    command_->callback([&chosen, action = std::move(action)] { chosen = action; });
}

} // namespace hostcompat::tools
