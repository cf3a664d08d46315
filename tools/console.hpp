// SPDX-License-Identifier: LGPL-2.1-or-later
// Where a command prints: the answer on standard output, everything else on standard error. All
// output of the program is written here (except the counter of tools/progress). Lines for people
// pass through text::outputLine(), so callers need not escape what a line quotes.
#pragma once

#include "driver/model/error.hpp"
#include "tools/status.hpp"

#include <string_view>

namespace hostcompat::tools {

/// The two standard streams. With quiet set, answers and warnings are dropped, and errors are still
/// printed.
class Console {
public:
    void setQuiet(bool quiet) {
        quiet_ = quiet;
    }
    bool quiet() const {
        return quiet_;
    }

    /// A line of the answer, for people.
    void printLine(std::string_view line);
    /// A part of the answer for programs, byte for byte: XML, JSON. Also the help, which quotes no
    /// input.
    void printExact(std::string_view bytes);
    /// A line that is not the answer: "virt-host-compat: warning: TEXT".
    void warn(std::string_view text);
    /// Why the answer is no or unknown, in one line: "virt-host-compat: TEXT". Not printed when
    /// quiet.
    void refuse(std::string_view text);
    /// A further line after refuse(), without the program's name. Not printed when quiet.
    void explain(std::string_view line);
    /// An error in one line, "virt-host-compat: TEXT"; returns the exit status for it.
    Status fail(const Error& error);

    /// Flushes the output. Returns the given status, or system, with a message on standard error,
    /// if any part of the answer could not be written, for example because the disk is full.
    Status finish(Status status);

private:
    /// Errors of writing to standard error are ignored, because they cannot be reported.
    static void sayOnStandardError(std::string_view line);

    bool quiet_ = false;
    int writeError_ = 0;
};

} // namespace hostcompat::tools
