// SPDX-License-Identifier: LGPL-2.1-or-later
// Threads that read and validate inputs, each with its own validator and buffer.
#include "driver/validate/batch.hpp"

#include "driver/input/ordered_work.hpp"
#include "driver/input/read_file.hpp"
#include "driver/relaxng/acceptor.hpp"

#include <utility>

namespace hostcompat::validate {

namespace {

static_assert(input::kInputPadding >= relaxng::acceptorPadding);

struct Answer {
    std::string path;
    std::optional<Result<Verdict>> result; ///< nothing until a thread has processed it
};

Result<Verdict> validate(input::InputReader& reader, Validator& validator,
                         const std::string& path) {
    const auto bytes = reader.read(path);
    if (!bytes)
        return std::unexpected(bytes.error());
    if (auto verdict = validator.certainVerdict(*bytes))
        return *std::move(verdict);
    return validator.judge(*bytes, input::inputName(path));
}

} // namespace

Result<void> validateBatch(const Grammar& grammar, const BatchInputs& inputs, const BatchSink& sink,
                           const BatchOptions& options) {
    const auto next = [&]() -> std::optional<Answer> {
        auto input = inputs();
        if (!input)
            return std::nullopt;
        std::optional<Answer> answer(std::in_place);
        if (*input)
            answer->path = std::move(**input);
        else
            answer->result = std::unexpected(std::move(input->error()));
        return answer;
    };
    const auto makeWorker = [&] {
        return [reader = input::InputReader(),
                validator = Validator(grammar, options.fastPath)](Answer& answer) mutable {
            if (!answer.result)
                answer.result = validate(reader, validator, answer.path);
        };
    };
    const auto tell = [&](const Answer& answer) { sink(answer.path, *answer.result); };
    return input::workInOrder<Answer>(options.jobs, next, makeWorker, tell);
}

} // namespace hostcompat::validate
