// SPDX-License-Identifier: LGPL-2.1-or-later
// Where a command prints: the answer on standard output, everything else on standard error.
//
// Text leaves the program here only (and as the numbers of tools/progress). Lines for people pass
// text::outputLine(), so no caller needs to know who wrote what a line quotes.
#pragma once

#include "driver/model/error.hpp"
#include "tools/status.hpp"

#include <string_view>

namespace hostcompat::tools {

/// The two standard streams. With quiet set, answers and warnings are dropped and errors are still
/// said.
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
    /// A part of the answer for programs, byte for byte: XML, JSON. Also the help, which quotes
    /// nobody.
    void printExact(std::string_view bytes);
    /// A line that is not the answer: "virt-host-compat: warning: TEXT".
    void warn(std::string_view text);
    /// Why the answer is no or unknown, in one line: "virt-host-compat: TEXT". Not said when quiet.
    void refuse(std::string_view text);
    /// A line that goes with refuse(), without the program's name. Not said when quiet.
    void explain(std::string_view line);
    /// An error in one line, "virt-host-compat: TEXT"; returns the status that it means.
    Status fail(const Error& error);

    /// Writes out what is buffered. Returns the given status, or system (said on standard error)
    /// where any part of the answer could not be written: a full disk must not pass for an answer.
    Status finish(Status status);

private:
    /// What cannot be written to standard error is lost, as there is nowhere left to say so; the
    /// exit status does not depend on it.
    static void sayOnStandardError(std::string_view line);

    bool quiet_ = false;
    int writeError_ = 0;
};

} // namespace hostcompat::tools
