// SPDX-License-Identifier: LGPL-2.1-or-later
// Parses QEMU's command line. Most options take their value from the next argument.
#include "driver/policy/command_line.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace hostcompat::policy {

namespace {

/// The options of QEMU 7.2 and older versions that take no value (qemu-options.hx). The argument
/// after any other option is its value, even if it looks like an option.
constexpr std::array<std::string_view, 45> kWithoutValue = {
    "h",
    "help",
    "version",
    "S",
    "s",
    "alt-grab",
    "async-teardown",
    "audio-help",
    "ctrl-grab",
    "curses",
    "daemonize",
    "enable-fips",
    "enable-kvm",
    "enable-sync-profile",
    "full-screen",
    "localtime",
    "mem-prealloc",
    "no-acpi",
    "no-fd-bootchk",
    "no-frame",
    "no-hpet",
    "no-kvm",
    "no-kvm-irqchip",
    "no-kvm-pit",
    "no-kvm-pit-reinjection",
    "no-quit",
    "no-reboot",
    "no-shutdown",
    "no-user-config",
    "nodefaults",
    "nodefconfig",
    "nographic",
    "old-param",
    "only-migratable",
    "portrait",
    "preconfig",
    "sdl",
    "semihosting",
    "singlestep",
    "snapshot",
    "tdf",
    "usb",
    "win2k-hack",
    "xen-attach",
    "xen-domid-restrict",
};

/// The name of an option without its dashes ("-cpu" and "--cpu" are the same); empty if the
/// argument is not an option.
std::string_view optionOf(std::string_view argument) {
    if (!argument.starts_with('-'))
        return {};
    argument.remove_prefix(argument.starts_with("--") ? 2 : 1);
    return argument;
}

/// Calls the function with each name and value of "a=b,c=d". Two commas in a value mean one comma.
/// If the first item has no name, it is the value of the implied name.
template <typename Call>
void eachProperty(std::string_view text, std::string_view implied, Call call) {
    for (bool first = true; !text.empty(); first = false) {
        std::string property;
        std::size_t at = 0;
        for (; at < text.size(); ++at) {
            if (text[at] == ',' && text.substr(at, 2) != ",,")
                break;
            at += text[at] == ',' ? 1 : 0;
            property += text[at];
        }
        text = at < text.size() ? text.substr(at + 1) : std::string_view();
        const std::size_t equals = property.find('=');
        if (equals != std::string::npos)
            call(std::string_view(property).substr(0, equals), property.substr(equals + 1));
        else if (first)
            call(implied, std::move(property));
    }
}

void readMachine(std::string_view value, CommandLine& line) {
    eachProperty(value, "type", [&](std::string_view name, std::string property) {
        if (name == "max-cpu-compat")
            line.mode = std::move(property);
        else if (name == "accel")
            line.accelerator = std::move(property);
        else if (name == "type")
            line.machine = std::move(property);
    });
}

void readOption(std::string_view option, const std::string& value, CommandLine& line) {
    if (option == "cpu")
        line.cpu = value;
    else if (option == "uuid")
        line.uuid = value;
    else if (option == "machine" || option == "M")
        readMachine(value, line);
    else if (option == "accel")
        eachProperty(value, "accel", [&](std::string_view name, std::string property) {
            if (name == "accel")
                line.accelerators.push_back(std::move(property));
        });
    else if (option == "name")
        eachProperty(value, "guest", [&](std::string_view name, std::string property) {
            if (name == "guest")
                line.guest = std::move(property);
        });
}

} // namespace

CommandLine commandLineOf(const Arguments& arguments) {
    CommandLine line;
    for (std::size_t at = 0; at < arguments.size(); ++at) {
        const std::string_view option =
            arguments[at] ? optionOf(*arguments[at]) : std::string_view();
        if (option == "enable-kvm")
            line.accelerator = "kvm";
        if (option.empty() || std::ranges::find(kWithoutValue, option) != kWithoutValue.end())
            continue;
        if (++at < arguments.size() && arguments[at])
            readOption(option, *arguments[at], line);
    }
    return line;
}

Arguments wordsOf(std::string_view quoted) {
    Arguments words;
    bool within = false;
    bool begun = false;
    const auto add = [&](char character) {
        if (!std::exchange(begun, true))
            words.emplace_back(std::string());
        *words.back() += character;
    };
    for (std::size_t at = 0; at < quoted.size(); ++at) {
        const char character = quoted[at];
        if (character == '\'') {
            within = !within;
            if (!std::exchange(begun, true))
                words.emplace_back(std::string());
        } else if (!within && character == '\\' && at + 1 < quoted.size()) {
            // A backslash at the end of a line continues the line.
            if (quoted[++at] != '\n')
                add(quoted[at]);
        } else if (!within && (character == ' ' || character == '\n')) {
            begun = false;
        } else {
            add(character);
        }
    }
    return words;
}

Arguments argumentsOf(std::string_view nulSeparated) {
    Arguments arguments;
    while (!nulSeparated.empty()) {
        const std::size_t end = std::min(nulSeparated.find('\0'), nulSeparated.size());
        arguments.emplace_back(std::string(nulSeparated.substr(0, end)));
        nulSeparated.remove_prefix(std::min(end + 1, nulSeparated.size()));
    }
    return arguments;
}

} // namespace hostcompat::policy
