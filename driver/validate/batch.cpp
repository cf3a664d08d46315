// SPDX-License-Identifier: LGPL-2.1-or-later
// Threads that take inputs by the handful and give their answers in order.
#include "driver/validate/batch.hpp"

#include "driver/io/read_file.hpp"
#include "driver/validate/fast/acceptor.hpp"

#include <system_error>

#include <array>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <fcntl.h>
#include <map>
#include <mutex>
#include <sched.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace hostcompat {

namespace {

/// Inputs taken at a time: enough that the lock costs little, few enough that threads end together.
constexpr std::size_t kHandful = 32;
/// How far a thread may be ahead of the answers, in handfuls for each thread.
constexpr std::size_t kAhead = 4;
/// Files beyond this are read with readInputInto().
constexpr std::size_t kRoom = std::size_t{256} * 1024;

struct Answer {
    std::string path;
    std::optional<Result<Verdict>> result; ///< nothing for "certainly valid"
};
using Handful = std::vector<Answer>;

unsigned processors() {
    cpu_set_t set;
    if (::sched_getaffinity(0, sizeof set, &set) == 0)
        return static_cast<unsigned>(CPU_COUNT(&set));
    return std::max(1U, std::thread::hardware_concurrency());
}

class Batch {
public:
    Batch(const Grammar& grammar, const BatchInputs& inputs, const BatchSink& sink,
          FastPath fastPath, unsigned jobs)
        : grammar_(grammar), inputs_(inputs), sink_(sink), fastPath_(fastPath), jobs_(jobs) {}

    /// Works until no input is left. `others` is called once more inputs than one handful are seen.
    void work(const std::function<void()>& others = {}) {
        Handful handful;
        auto number = take(handful);
        if (number && others && !atEnd())
            others();
        Validator validator(grammar_, fastPath_);
        std::string buffer;
        for (; number; number = take(handful)) {
            for (Answer& answer : handful)
                if (!answer.result)
                    answer.result = validate(validator, answer.path, buffer);
            give(*number, handful);
        }
    }

private:
    static std::optional<Result<Verdict>> validate(Validator& validator, const std::string& path,
                                                   std::string& buffer) {
        if (const auto size = readPadded(path, buffer, fast::acceptorPadding)) {
            const std::string_view bytes(buffer.data(), *size);
            if (validator.isCertainlyValid(bytes))
                return std::nullopt;
            return validator.judge(bytes, inputName(path));
        }
        std::string large;
        if (auto read = readInputInto(path, large); !read)
            return std::unexpected(std::move(read.error()));
        return validator.validate(large, inputName(path));
    }

    bool atEnd() {
        const std::lock_guard lock(mutex_);
        return ended_;
    }

    /// Fills a handful with the next inputs; its number, or nothing at the end.
    std::optional<std::size_t> take(Handful& handful) {
        std::unique_lock lock(mutex_);
        room_.wait(lock, [&] { return taken_ < given_ + kAhead * jobs_; });
        handful.clear();
        while (!ended_ && handful.size() < kHandful) {
            auto input = inputs_();
            if (!input)
                ended_ = true;
            else if (*input)
                handful.push_back({std::move(**input), std::nullopt});
            else
                handful.push_back(
                    {"", Result<Verdict>(std::unexpected(std::move(input->error())))});
        }
        if (handful.empty())
            return std::nullopt;
        return taken_++;
    }

    /// Tells the answers, or keeps them until those before them are told.
    void give(std::size_t number, Handful& handful) {
        static const Result<Verdict> certain = Verdict{.valid = true, .defects = {}};
        const auto tell = [&](const Handful& answers) {
            for (const Answer& answer : answers)
                sink_(answer.path, answer.result ? *answer.result : certain);
            ++given_;
        };
        const std::lock_guard lock(mutex_);
        if (number != given_) {
            kept_.emplace(number, std::move(handful));
            handful = {};
            return;
        }
        tell(handful);
        for (auto next = kept_.begin(); next != kept_.end() && next->first == given_;
             next = kept_.erase(next))
            tell(next->second);
        room_.notify_all();
    }

    const Grammar& grammar_;
    const BatchInputs& inputs_;
    const BatchSink& sink_;
    const FastPath fastPath_;
    const unsigned jobs_;
    std::mutex mutex_;
    std::condition_variable room_;
    bool ended_ = false;
    std::size_t taken_ = 0; ///< handfuls taken
    std::size_t given_ = 0; ///< handfuls whose answers were told
    std::map<std::size_t, Handful> kept_;
};

} // namespace

std::optional<std::size_t> readPadded(const std::string& path, std::string& buffer,
                                      std::size_t padding) {
    if (path == "-" || path.find('\0') != std::string::npos)
        return std::nullopt;
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY);
    // Descriptor 0 has to stay free for standard input: readInputInto() sees to that.
    if (file <= STDIN_FILENO) {
        if (file == STDIN_FILENO)
            ::close(file);
        return std::nullopt;
    }
    if (buffer.size() < kRoom + padding)
        // Bytes that no file fills stay untouched: to clear them all takes longer than to read most
        // files.
        buffer.resize_and_overwrite(kRoom + padding, [](char*, std::size_t size) { return size; });
    std::size_t filled = 0;
    ssize_t count = 0;
    do {
        count = ::read(file, buffer.data() + filled, kRoom - filled);
        if (count > 0)
            filled += static_cast<std::size_t>(count);
    } while ((count > 0 && filled < kRoom) || (count < 0 && errno == EINTR));
    ::close(file);
    if (count < 0 || filled == kRoom)
        return std::nullopt;
    std::memset(buffer.data() + filled, 0, padding);
    return filled;
}

void validateBatch(const Grammar& grammar, const BatchInputs& inputs, const BatchSink& sink,
                   const BatchOptions& options) {
    const unsigned jobs = options.jobs == 0 ? processors() : options.jobs;
    Batch batch(grammar, inputs, sink, options.fastPath, jobs);
    std::vector<std::jthread> threads;
    // This thread works as well, so a batch needs no thread that cannot be had.
    batch.work([&] {
        for (unsigned i = 1; i < jobs; ++i) {
            try {
                threads.emplace_back([&batch] { batch.work(); });
            } catch (const std::system_error&) {
                return;
            }
        }
    });
}

} // namespace hostcompat
