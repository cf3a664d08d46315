// SPDX-License-Identifier: LGPL-2.1-or-later
// Formats an Error as a message.
#include "driver/model/error.hpp"

#include <fmt/format.h>

#include <cstring>

namespace hostcompat::model {

std::string errorName(int errorNumber) {
    const char* name = strerrorname_np(errorNumber);
    return name ? std::string(name) : fmt::format("errno {}", errorNumber);
}

std::string describe(const Error& error) {
    std::string text;
    if (error.line != 0)
        text = fmt::format("{}:{}: cannot {}", error.subject, error.line, error.action);
    else if (!error.subject.empty())
        text = fmt::format("cannot {} {}", error.action, error.subject);
    else
        text = fmt::format("cannot {}", error.action);
    if (!error.reason.empty())
        text += ": " + error.reason;
    if (error.errorNumber != 0)
        text += fmt::format(": {} ({})", strerrordesc_np(error.errorNumber),
                            errorName(error.errorNumber));
    if (!error.remedy.empty())
        text += "; " + error.remedy;
    return text;
}

} // namespace hostcompat::model
