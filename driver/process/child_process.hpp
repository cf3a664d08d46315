// SPDX-License-Identifier: LGPL-2.1-or-later
// Runs other programs, and work that may hang, in child processes with a time limit. Each child
// runs in a new session. The whole session is killed when the child ends or its time is over, so no
// process stays behind, and none can wait for a password at the terminal. A child is also killed if
// this process dies.
#pragma once

#include "driver/model/error.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace hostcompat::process {

/// The most that is kept of each of a program's output streams, in bytes.
inline constexpr std::size_t kMaximumChildOutput = std::size_t{1} << 20;

/// The output and the exit status of a program.
struct ChildResult {
    /// Standard output and standard error, each cut at kMaximumChildOutput.
    std::string output;
    std::string errors;
    /// Its exit status, or 128 and the number of the signal that ended it.
    int status = 0;
    /// It was killed because of the timeout.
    bool timedOut = false;
};

/// Runs a program, without a shell, and waits for its end.
///
/// @param command the program, looked up in PATH where it has no slash, and its arguments.
/// @param input what it gets as standard input, which then ends.
/// @param timeout after which it is killed.
/// Errors: kind input if the program cannot be started (errorNumber is set); kind system if a
/// socket or a process cannot be made.
Result<ChildResult> runChild(const std::vector<std::string>& command, const std::string& input,
                             std::chrono::milliseconds timeout);

/// The result of one piece of isolated work.
struct IsolatedOutcome {
    enum class End {
        finished, ///< the work returned; `text` is what it returned
        timedOut, ///< the deadline passed; the child was killed
        died,     ///< the child ended without an answer: a crash, or no memory
    };
    End end = End::died;
    std::string text;
    /// The signal that ended a child that died; 0 if it exited.
    int signal = 0;
};

/// One piece of work, which returns its answer as a string of any bytes. It runs in a child
/// process, so its changes to memory are lost. It must not print, because standard output and error
/// belong to the caller.
using IsolatedWork = std::function<std::string()>;

/// Runs each piece in its own child process, at most `jobs` at a time, and waits for all.
/// Processes, not threads, because a connection that hangs in libvirt (or in the ssh that it
/// started) cannot be cancelled: there is no function for it, and an abandoned thread would keep
/// memory, descriptors and locks. Memory is copy-on-write.
///
/// @param work the pieces, run in this order.
/// @param timeout of each piece, from its own start.
/// @param jobs how many run at a time; at least 1.
/// @return one outcome for each piece, in their order. Errors: kind system if a socket or a process
/// cannot be made while none is running. The caller must have one thread only.
Result<std::vector<IsolatedOutcome>> runIsolated(const std::vector<IsolatedWork>& work,
                                                 std::chrono::milliseconds timeout,
                                                 std::size_t jobs);

} // namespace hostcompat::process
