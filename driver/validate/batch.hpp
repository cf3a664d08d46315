// SPDX-License-Identifier: LGPL-2.1-or-later
// Validates many documents on all processors, in the order of the inputs, in bounded memory.
#pragma once

#include "driver/model/error.hpp"
#include "driver/validate/validator.hpp"

#include <functional>
#include <optional>
#include <string>

namespace hostcompat::validate {

/// The options of a batch.
struct BatchOptions {
    unsigned jobs = 0; ///< threads; 0 for one on each processor that this process may use
    FastPath fastPath = FastPath::on;
};

/// The next input, as Inputs::next() gives it: a path or "-", an Error instead of an input, or
/// nothing at the end. Different threads call it, but only one at a time.
using BatchInputs = std::function<std::optional<Result<std::string>>()>;

/// Takes one input's answer. `path` is empty if the input was an Error. It is called in the order
/// of the inputs, by one thread at a time, not always the same; it must not throw.
using BatchSink = std::function<void(const std::string& path, const Result<Verdict>& result)>;

/// Validates every input. Memory does not grow with their number: a few inputs for each thread are
/// at hand at a time, and an answer is given as soon as those before it were.
///
/// Errors of inputs go to the sink: those of readInput() and of Validator::validate(). Its own is
/// that of workInOrder(): memory ran out, and the last inputs have no answer.
Result<void> validateBatch(const Grammar& grammar, const BatchInputs& inputs, const BatchSink& sink,
                           const BatchOptions& options = {});

} // namespace hostcompat::validate
