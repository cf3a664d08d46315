// SPDX-License-Identifier: LGPL-2.1-or-later
// The formats in which "validate" reports its verdicts.
#pragma once

#include "driver/validate/validator.hpp"
#include "tools/console.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace hostcompat::tools {

/// Prints each verdict at once, so memory does not grow with the number of inputs.
class Report {
public:
    Report() = default;
    Report(const Report&) = delete;
    Report& operator=(const Report&) = delete;
    virtual ~Report() = default;

    /// @param grammar the one for host capabilities; a verdict names its own.
    virtual void begin(const std::string& grammar) = 0;
    /// Reports one input: its verdict, or the error.
    virtual void input(std::string_view name, const Result<validate::Verdict>& result) = 0;
    virtual void end() = 0;
};

/// The report of a format: "text", "json" or one of ciFormats() (checked by the command line). The
/// text format prints errors only on standard error; the other formats contain them too.
std::unique_ptr<Report> makeReport(std::string_view format, Console& console);

} // namespace hostcompat::tools
