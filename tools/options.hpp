// SPDX-License-Identifier: LGPL-2.1-or-later
// How a command describes its options, and what the command line asks for. Only options.cpp
// includes CLI11, whose templates take long to compile.
#pragma once

#include "driver/model/error.hpp"
#include "tools/command.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace CLI {
class Option;
}

namespace hostcompat::tools {

/// A command: its name, and the function that adds it.
struct CommandEntry {
    std::string_view name;
    void (*add)(CLI::App& app, Action& chosen);
};

/// What the command line asks for: an action, or, if there is none, a text to print (the help or
/// the version).
struct Wish {
    Action action;
    std::string text;
};

/// Parses the command line. Errors: kind usage.
Result<Wish> understand(int argc, char** argv, std::span<const CommandEntry> commands);

/// One command on the command line. Values are set while the command line is parsed and must
/// outlive that.
class Command {
public:
    /// Adds a command with that name; help is one sentence without a full stop.
    Command(CLI::App& app, const char* name, const char* help);

    void flag(const char* name, bool& value, const char* help);
    void text(const char* name, std::string& value, const char* valueName, const char* help);
    void number(const char* name, unsigned& value, const char* valueName, unsigned least,
                unsigned most, const char* help);
    void choice(const char* name, std::string& value, const char* valueName,
                std::vector<std::string> choices, const char* help);
    void texts(const char* name, std::vector<std::string>& values, const char* valueName,
               const char* help);
    /// A positional argument, once or any number of times.
    void input(const char* name, std::string& value, const char* help, bool required = false);
    void inputs(const char* name, std::vector<std::string>& values, const char* help,
                bool required = false);

    // Options that mean the same in every command that takes them.
    void probe(std::string& file);
    void host(std::string& file);
    void json(bool& value);
    void quiet(bool& value);
    /// One of "text", "json" and those of CI systems (ciFormats()).
    void format(std::string& value);
    /// Makes two options that are described already a usage error together.
    void notBoth(const char* name, const char* other);
    void noSandbox(bool& value);
    void atLeast(std::string& mode);
    void filesFrom(std::string& file);
    void jobs(unsigned& count);
    /// --connect with one URI, which may be empty.
    void connect(std::optional<std::string>& uri, const char* help);
    /// --connect with any number of URIs; `connects` is set if the option is given.
    void connect(bool& connects, std::vector<std::string>& uris);
    /// --timeout in seconds.
    void timeout(double& seconds, const char* help);
    void strict(bool& value, std::string& schemaDir);

    /// Sets `chosen` to the action if the user chose this command. `chosen` must outlive the
    /// parsing.
    void onChosen(Action& chosen, Action action);

    /// Requires one of this command's own subcommands.
    void requireSubcommand();

    /// For everything that the functions above do not offer.
    CLI::App& app() {
        return *command_;
    }

private:
    CLI::App* command_;
    /// Options that are no use together.
    std::vector<std::pair<CLI::Option*, CLI::Option*>> never_;
};

} // namespace hostcompat::tools
