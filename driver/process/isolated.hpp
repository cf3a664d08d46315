// SPDX-License-Identifier: LGPL-2.1-or-later
// Runs work that may hang in child processes, each of which can be killed.
#pragma once

#include "driver/model/error.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace hostcompat::process {

/// How one piece of isolated work ended.
struct IsolatedOutcome {
    enum class End {
        finished, ///< the work returned; `text` is what it returned
        timedOut, ///< the deadline passed; the child was killed
        died,     ///< the child ended without an answer: a crash, or no memory
    };
    End end = End::died;
    std::string text;
    /// The signal that ended a child that died; 0 where it exited.
    int signal = 0;
};

/// One piece of work: returns its answer as text of any bytes. It runs in a process of its own, so
/// whatever it changes is lost. It must not print: standard output and error are the caller's.
using IsolatedWork = std::function<std::string()>;

/// Runs each piece in a child process of its own, at most `jobs` at a time, and waits for all.
///
/// Processes and not threads, because a connection that hangs in libvirt (or in the ssh that it
/// started) cannot be ended from within: there is no call for it, and a thread left behind would
/// keep memory, descriptors and locks. A child leads a session of its own, so that killing its
/// group ends what it started, and so that ssh cannot wait for a password at the terminal. It
/// shares every page with the caller that neither writes to.
///
/// @param work the pieces, run in this order.
/// @param timeout what each piece may take from its own start.
/// @param jobs how many run at a time; at least 1.
/// @return one outcome for each piece, in their order. Errors: kind system where a pipe or a
/// process cannot be made while none is running.
/// The caller must have one thread only.
Result<std::vector<IsolatedOutcome>> runIsolated(const std::vector<IsolatedWork>& work,
                                                 std::chrono::milliseconds timeout,
                                                 std::size_t jobs);

} // namespace hostcompat::process
