// SPDX-License-Identifier: LGPL-2.1-or-later
// Threads that read and judge inputs, each with a validator and a buffer of its own.
#include "driver/validate/batch.hpp"

#include "driver/input/ordered_work.hpp"
#include "driver/input/read_file.hpp"
#include "driver/relaxng/acceptor.hpp"

#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace hostcompat::validate {

namespace {

static_assert(input::kInputPadding >= relaxng::acceptorPadding);

struct Answer {
    std::string path;
    std::optional<Result<Verdict>> result; ///< nothing for "certainly valid"
};

/// Reads and judges inputs, as one thread does.
class Worker {
public:
    Worker(const Grammar& grammar, const BatchOptions& options)
        : reader_(options.ahead ? options.ahead->take() : std::nullopt),
          validator_(grammar, options.fastPath) {}

    void operator()(std::span<Answer> answers) {
        names_.clear();
        for (const Answer& answer : answers)
            if (!answer.result)
                names_.push_back(answer.path);
        reader_.expect(names_);
        for (Answer& answer : answers)
            if (!answer.result)
                answer.result = validate(answer.path);
    }

private:
    std::optional<Result<Verdict>> validate(const std::string& path) {
        const auto bytes = reader_.read(path);
        if (!bytes)
            return std::unexpected(bytes.error());
        if (validator_.isCertainlyValid(*bytes))
            return std::nullopt;
        return validator_.judge(*bytes, input::inputName(path));
    }

    input::InputReader reader_;
    Validator validator_;
    std::vector<std::string_view> names_;
};

} // namespace

void validateBatch(const Grammar& grammar, const BatchInputs& inputs, const BatchSink& sink,
                   const BatchOptions& options) {
    const auto next = [&]() -> std::optional<Answer> {
        auto input = inputs();
        if (!input)
            return std::nullopt;
        if (!*input)
            return Answer{"", Result<Verdict>(std::unexpected(std::move(input->error())))};
        return Answer{std::move(**input), std::nullopt};
    };
    const auto makeWorker = [&] { return Worker(grammar, options); };
    const Result<Verdict> certain = Verdict{.valid = true, .defects = {}};
    const auto tell = [&](const Answer& answer) {
        sink(answer.path, answer.result ? *answer.result : certain);
    };
    input::workInOrder<Answer>(options.jobs, next, makeWorker, tell);
}

} // namespace hostcompat::validate
