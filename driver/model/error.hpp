// SPDX-License-Identifier: LGPL-2.1-or-later
// The error of every std::expected in the library.
//
// Expected outcomes, including "no" and "unknown", are values. An Error means that there is no
// outcome: the arguments are wrong, an input cannot be used, or a system call failed.
#pragma once

#include <cstddef>
#include <expected>
#include <string>

namespace hostcompat::model {

/// The kind of an error, which decides the exit status of a command.
enum class ErrorKind {
    usage,  ///< the caller's arguments do not make sense together
    input,  ///< an input cannot be read or parsed
    system, ///< a system call failed
};

/// One failure, with the parts of its message. Owns its strings.
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

/// A value or an Error.
template <typename T>
using Result = std::expected<T, Error>;

/// The symbolic name of an error number ("EACCES"), or "errno N" for one without a name.
std::string errorName(int errorNumber);

/// The Error as one sentence without a trailing newline:
/// "SUBJECT:LINE: cannot ACTION: REASON: system text (ENAME); REMEDY".
std::string describe(const Error& error);

} // namespace hostcompat::model

namespace hostcompat {

// Used in the interfaces of all namespaces.
using model::Error;
using model::ErrorKind;
using model::Result;

} // namespace hostcompat
