// SPDX-License-Identifier: LGPL-2.1-or-later
// The exit statuses of every command.
#pragma once

#include "driver/model/error.hpp"

#include <algorithm>

namespace hostcompat::tools {

/// The exit status. With several inputs the highest one is returned.
enum class Status {
    yes = 0,     ///< the answer is yes, or the work is done
    no = 1,      ///< incompatible, invalid, no common mode
    usage = 2,   ///< the command line is wrong
    input = 3,   ///< an input cannot be read or parsed
    unknown = 4, ///< the host or the document does not give the answer
    system = 5,  ///< a system call failed, or standard output could not be written
};

inline Status worse(Status left, Status right) {
    return std::max(left, right);
}

inline Status statusOf(const Error& error) {
    switch (error.kind) {
    case ErrorKind::usage:
        return Status::usage;
    case ErrorKind::input:
        return Status::input;
    case ErrorKind::system:
        break;
    }
    return Status::system;
}

} // namespace hostcompat::tools
