// SPDX-License-Identifier: LGPL-2.1-or-later
// Reads any number of inputs into a baseline, on several threads and in bounded memory.
#pragma once

#include "driver/input/inputs.hpp"
#include "driver/policy/baseline.hpp"

#include <cstdint>
#include <functional>

namespace hostcompat::policy {

/// What was read so far.
struct StreamCounts {
    std::uint64_t inputs = 0;
    /// Inputs and documents in them that could not be read.
    std::uint64_t failed = 0;
};

/// What the caller wants to hear, in the order of the inputs and never from two threads at once.
struct StreamListener {
    std::function<void(const Error&)> failed;
    /// The name of a host that does not say.
    std::function<void(std::string_view)> unknown;
    /// After every input.
    std::function<void(const StreamCounts&)> progress;
};

/// Reads every input to the end. Only a few inputs for each thread are held at a time. The baseline
/// and what the listener hears do not depend on the number of threads.
///
/// @param jobs threads, as for workInOrder(). What is wrong with an input goes to the listener.
/// Errors: that of workInOrder().
Result<StreamCounts> readBaseline(input::Inputs& inputs, unsigned jobs, Baseline& baseline,
                                  const StreamListener& listener);

} // namespace hostcompat::policy
