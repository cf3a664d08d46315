// SPDX-License-Identifier: LGPL-2.1-or-later
// Follows QEMU's options, which take their value from the next argument.
#include "driver/policy/command_line.hpp"

#include <string_view>

namespace hostcompat::policy {

namespace {

/// The name of an option without its dashes ("-cpu" and "--cpu" are the same); empty where the
/// argument is none.
std::string_view optionOf(std::string_view argument) {
    if (!argument.starts_with('-'))
        return {};
    argument.remove_prefix(argument.starts_with("--") ? 2 : 1);
    return argument;
}

/// Calls with each name and value of "a=b,c=d". A doubled comma stands for one in a value.
template <typename Call>
void eachProperty(std::string_view text, Call call) {
    while (!text.empty()) {
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
    }
}

} // namespace

CommandLine commandLineOf(const std::vector<std::optional<std::string>>& arguments) {
    CommandLine line;
    for (std::size_t at = 0; at + 1 < arguments.size(); ++at) {
        if (!arguments[at] || !arguments[at + 1])
            continue;
        const std::string_view option = optionOf(*arguments[at]);
        const std::string& value = *arguments[at + 1];
        if (option == "cpu")
            line.cpu = value;
        else if (option == "machine" || option == "M")
            eachProperty(value, [&](std::string_view name, std::string property) {
                if (name == "max-cpu-compat")
                    line.mode = std::move(property);
                else if (name == "accel")
                    line.accelerator = std::move(property);
            });
        else
            continue;
        ++at;
    }
    return line;
}

} // namespace hostcompat::policy
