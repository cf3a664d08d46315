// SPDX-License-Identifier: LGPL-2.1-or-later
// Runs another program to its end, with a time limit and without a shell.
#pragma once

#include "driver/model/error.hpp"

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace hostcompat::process {

/// The most that is kept of each of a child's output streams, in bytes.
inline constexpr std::size_t kMaximumChildOutput = std::size_t{1} << 20;

/// What a child left behind.
struct ChildResult {
    /// Standard output and standard error, each cut at kMaximumChildOutput.
    std::string output;
    std::string errors;
    /// Its exit status, or 128 and the number of the signal that ended it.
    int status = 0;
    /// It was killed because the time was over.
    bool timedOut = false;
};

/// Runs a program and waits for its end.
///
/// @param command the program, looked up in PATH where it has no slash, and its arguments.
/// @param input what it gets as standard input, which then ends.
/// @param timeout after which it is killed, and with it its process group.
/// Errors: kind input where the program cannot be started (errorNumber is set); kind system where
/// a pipe or a process cannot be made.
Result<ChildResult> runChild(const std::vector<std::string>& command, const std::string& input,
                             std::chrono::milliseconds timeout);

} // namespace hostcompat::process
