// SPDX-License-Identifier: LGPL-2.1-or-later
// What a failed call of the library says: the contract of every std::expected in it.
//
// An expected outcome, "no" and "unknown" included, is a value. An Error means that the question
// could not be worked on: the caller asked for something senseless, an input is unusable, or the
// system failed.
#pragma once

#include <cstddef>
#include <expected>
#include <string>

namespace hostcompat::model {

/// Whose fault it is; a command turns it into its exit status.
enum class ErrorKind {
    usage,  ///< the caller's arguments do not make sense together
    input,  ///< an input cannot be read or parsed
    system, ///< the operating system failed us
};

/// One failure, with everything needed to say it in one sentence. Owns its strings.
struct Error {
    ErrorKind kind = ErrorKind::system;
    /// What was tried, as it follows "cannot": "read", "parse", "open".
    std::string action;
    /// On what: a path, a URI, a system call and its request. Empty if the action says it.
    std::string subject;
    /// Position in the subject, counted from 1; 0 if there is none.
    std::size_t line = 0;
    /// The system's error number; 0 if the system gave none.
    int errorNumber = 0;
    /// Why, beyond the error number. May be empty.
    std::string reason;
    /// What the user can do. May be empty.
    std::string remedy;
};

/// A value or the Error that stood in its way.
template <typename T>
using Result = std::expected<T, Error>;

/// The symbolic name of an error number ("EACCES"), or "errno N" for one without a name.
std::string errorName(int errorNumber);

/// The Error as one sentence without a trailing newline:
/// "SUBJECT:LINE: cannot ACTION: REASON: system text (ENAME); REMEDY".
std::string describe(const Error& error);

} // namespace hostcompat::model

namespace hostcompat {

// The words of every room's contract.
using model::Error;
using model::ErrorKind;
using model::Result;

} // namespace hostcompat
