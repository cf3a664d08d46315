// SPDX-License-Identifier: LGPL-2.1-or-later
// Runs other programs, and work that may hang, in child processes with a time limit.
//
// Each child leads a session of its own. All of it is killed when the child ends or is late, so
// nothing that it started stays, and nothing in it can wait for a password at the terminal. A child
// is killed, too, where this process dies.
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

/// What a program left behind.
struct ChildResult {
    /// Standard output and standard error, each cut at kMaximumChildOutput.
    std::string output;
    std::string errors;
    /// Its exit status, or 128 and the number of the signal that ended it.
    int status = 0;
    /// It was killed because the time was over.
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

/// How one piece of isolated work ended.
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

/// One piece of work: returns its answer as text of any bytes. It runs in a process of its own, so
/// whatever it changes is lost. It must not print: standard output and error are the caller's.
using IsolatedWork = std::function<std::string()>;

/// Runs each piece in a child process of its own, at most `jobs` at a time, and waits for all.
///
/// Processes and not threads, because a connection that hangs in libvirt (or in the ssh that it
/// started) cannot be ended from within: there is no call for it, and a thread left behind would
/// keep memory, descriptors and locks. Memory is copy-on-write.
///
/// @param work the pieces, run in this order.
/// @param timeout what each piece may take from its own start.
/// @param jobs how many run at a time; at least 1.
/// @return one outcome for each piece, in their order. Errors: kind system if a socket or a process
/// cannot be made while none is running. The caller must have one thread only.
Result<std::vector<IsolatedOutcome>> runIsolated(const std::vector<IsolatedWork>& work,
                                                 std::chrono::milliseconds timeout,
                                                 std::size_t jobs);

} // namespace hostcompat::process
