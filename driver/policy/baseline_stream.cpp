// SPDX-License-Identifier: LGPL-2.1-or-later
// Threads take batches of inputs in order, read them at will, and report them in order again.
#include "driver/policy/baseline_stream.hpp"

#include "driver/io/read_file.hpp"
#include "driver/policy/host_modes.hpp"

#include <fmt/format.h>
#include <system_error>

#include <condition_variable>
#include <mutex>
#include <thread>

namespace hostcompat {

namespace {

constexpr std::size_t kBatch = 64;

/// An input, and afterwards what it said.
struct Item {
    Result<std::string> path;
    std::vector<Result<HostModes>> hosts;
};

class Stream {
public:
    Stream(Inputs& inputs, Baseline& baseline, const StreamListener& listener)
        : inputs_(inputs), baseline_(baseline), listener_(listener) {}

    /// What each thread does.
    void work() {
        std::vector<Item> batch;
        std::string bytes;
        for (;;) {
            const std::uint64_t number = take(batch);
            if (batch.empty())
                return;
            for (Item& item : batch)
                read(item, bytes);
            report(number, batch);
        }
    }

    const StreamCounts& counts() const {
        return counts_;
    }

private:
    std::uint64_t take(std::vector<Item>& batch) {
        batch.clear();
        const std::lock_guard lock(inputsMutex_);
        while (batch.size() < kBatch) {
            auto input = inputs_.next();
            if (!input)
                break;
            batch.push_back({.path = std::move(*input), .hosts = {}});
        }
        return taken_++;
    }

    static void read(Item& item, std::string& bytes) {
        if (!item.path)
            return;
        if (auto read = readInputInto(*item.path, bytes); !read)
            item.hosts.emplace_back(std::unexpected(std::move(read.error())));
        else
            item.hosts = readHostModes(bytes, inputName(*item.path));
        // One huge input must not be held in every thread's buffer for good.
        if (bytes.capacity() > kKeptBuffer)
            bytes = std::string();
    }

    void report(std::uint64_t number, const std::vector<Item>& batch) {
        std::unique_lock lock(reportMutex_);
        turn_.wait(lock, [&] { return reported_ == number; });
        for (const Item& item : batch)
            report(item);
        if (listener_.progress)
            listener_.progress(counts_);
        ++reported_;
        turn_.notify_all();
    }

    void report(const Item& item) {
        ++counts_.inputs;
        if (!item.path)
            return fail(item.path.error());
        const std::string name = inputName(*item.path);
        for (const Result<HostModes>& host : item.hosts) {
            if (!host)
                fail(host.error());
            else if (host->number == 0)
                add(name, *host);
            else
                add(fmt::format("{} (document {})", name, host->number), *host);
        }
    }

    void fail(const Error& error) {
        ++counts_.failed;
        if (listener_.failed)
            listener_.failed(error);
    }

    void add(std::string_view name, const HostModes& host) {
        if (host.supported)
            return baseline_.add(name, *host.supported);
        baseline_.addUnknown(name);
        if (listener_.unknown)
            listener_.unknown(name);
    }

    static constexpr std::size_t kKeptBuffer = std::size_t{1} << 20;

    std::mutex inputsMutex_;
    Inputs& inputs_;
    std::uint64_t taken_ = 0;

    std::mutex reportMutex_;
    std::condition_variable turn_;
    std::uint64_t reported_ = 0;
    Baseline& baseline_;
    const StreamListener& listener_;
    StreamCounts counts_;
};

} // namespace

Result<StreamCounts> readBaseline(Inputs& inputs, unsigned jobs, Baseline& baseline,
                                  const StreamListener& listener) {
    Stream stream(inputs, baseline, listener);
    try {
        std::vector<std::jthread> threads;
        for (unsigned job = 1; job < jobs; ++job)
            threads.emplace_back([&] { stream.work(); });
        stream.work();
    } catch (const std::system_error& error) {
        return std::unexpected(Error{.kind = ErrorKind::system,
                                     .action = "start a thread",
                                     .errorNumber = error.code().value(),
                                     .remedy = "try a smaller --jobs"});
    }
    return stream.counts();
}

} // namespace hostcompat
