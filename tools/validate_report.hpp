// SPDX-License-Identifier: LGPL-2.1-or-later
// The forms in which "validate" reports its verdicts.
#pragma once

#include "driver/validate/validator.hpp"
#include "tools/console.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace hostcompat::tools {

/// Prints verdicts one after the other, so a million of them need no memory.
class Report {
public:
    Report() = default;
    Report(const Report&) = delete;
    Report& operator=(const Report&) = delete;
    virtual ~Report() = default;

    /// @param grammar the one for host capabilities; a verdict names its own.
    virtual void begin(const std::string& grammar) = 0;
    /// One input: its verdict, or the error that stood in its way.
    virtual void input(std::string_view name, const Result<validate::Verdict>& result) = 0;
    virtual void end() = 0;
};

/// The report of a format: "text", "json" or one of ciFormats() (checked by the command line).
/// In text an error is said on standard error; the others carry it as well.
std::unique_ptr<Report> makeReport(std::string_view format, Console& console);

} // namespace hostcompat::tools
