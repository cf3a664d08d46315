// SPDX-License-Identifier: LGPL-2.1-or-later
// The command virt-host-compat: understands the command line and runs the chosen command.
#include "driver/xml/pugixml_memory.hpp"
#include "tools/command.hpp"
#include "tools/out_of_memory.hpp"
#include "tools/version.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <exception>
#include <new>
#include <string_view>

namespace {

using namespace hostcompat;
using namespace hostcompat::tools;

/// A command: its name, and what adds it.
struct Entry {
    std::string_view name;
    void (*add)(CLI::App& app, Action& chosen);
};

/// In the order of the help.
constexpr auto kEntries = std::to_array<Entry>({
    {"show", addShow},
    {"capabilities", addCapabilities},
    {"validate", addValidate},
    {"check", addCheck},
    {"fit", addFit},
    {"baseline", addBaseline},
    {"compare", addCompare},
    {"publish", addPublish},
    {"daemon", addDaemon},
    {"hook", addHook},
    {"doctor", addDoctor},
});

Status usageError(Console& console, const CLI::ParseError& error) {
    std::string reason = error.what();
    while (reason.ends_with('\n') || reason.ends_with('.'))
        reason.pop_back();
    return console.fail({.kind = ErrorKind::usage,
                         .action = "understand the command line",
                         .reason = std::move(reason),
                         .remedy = "see 'virt-host-compat --help'"});
}

Status run(int argc, char** argv, Console& console) {
    CLI::App app(
        "Tells which compatibility modes KVM guests of this IBM POWER host can have, writes them "
        "into libvirt's host capabilities, and decides with them.",
        "virt-host-compat");
    app.require_subcommand(0, 1);
    app.set_version_flag("--version", fmt::format("virt-host-compat {}", kVersion),
                         "Print the version and exit");
    app.set_help_flag("--help", "Print this help and exit");
    app.get_formatter()->column_width(32);
    app.footer("Exit status: 0 yes, 1 no, 2 usage, 3 an input cannot be read or parsed, 4 unknown, "
               "5 the system failed.");

    Action chosen;
    // Only what the user named is described in full: to describe every command takes longer than
    // most commands take.
    const auto named =
        std::ranges::find(kEntries, std::string_view(argc > 1 ? argv[1] : ""), &Entry::name);
    for (const Entry& entry : kEntries)
        if (named == kEntries.end() || named->name == entry.name)
            entry.add(app, chosen);
    try {
        app.parse(argc, argv);
    } catch (const CLI::CallForHelp&) {
        const auto commands = app.get_subcommands();
        console.printExact(commands.empty() ? app.help() : commands.front()->help(app.get_name()));
        return Status::yes;
    } catch (const CLI::CallForVersion& version) {
        console.printLine(version.what());
        return Status::yes;
    } catch (const CLI::ParseError& error) {
        return usageError(console, error);
    }
    if (!chosen)
        return usageError(console, CLI::RequiredError("a command"));
    return chosen(console);
}

} // namespace

int main(int argc, char** argv) {
    std::set_new_handler(outOfMemory);
    xml::stopOnPugixmlMemoryFailure(outOfMemory);
    Console console;
    Status status = Status::system;
    try {
        status = run(argc, argv, console);
    } catch (const std::bad_alloc&) {
        outOfMemory();
    } catch (const std::exception& exception) {
        status = console.fail({.kind = ErrorKind::system,
                               .action = "go on",
                               .reason = exception.what(),
                               .remedy = "free memory and try again"});
    }
    return static_cast<int>(console.finish(status));
}
