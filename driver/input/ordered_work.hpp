// SPDX-License-Identifier: LGPL-2.1-or-later
// Work on many items with several threads. Results are reported in the items' order, in bounded
// memory.
#pragma once

#include "driver/model/error.hpp"

#include <system_error>

#include <cerrno>
#include <condition_variable>
#include <cstddef>
#include <map>
#include <mutex>
#include <new>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace hostcompat::input {

/// The processors that this process may use; at least 1.
unsigned usableProcessors();

/// Passes items from next() through a worker to tell(). Each thread runs work().
template <typename Item, typename Next, typename Tell>
class OrderedWork {
public:
    OrderedWork(unsigned jobs, Next& next, Tell& tell) : jobs_(jobs), next_(next), tell_(tell) {}

    /// Works until no item is left, or until a thread has no memory. `others` is called once more
    /// items than one handful are seen.
    template <typename MakeWorker, typename Others>
    void work(MakeWorker& makeWorker, Others&& others) {
        try {
            workOn(makeWorker, others);
        } catch (const std::bad_alloc&) {
            const std::lock_guard lock(mutex_);
            outOfMemory_ = ended_ = true;
            room_.notify_all();
        }
    }

    bool outOfMemory() const {
        return outOfMemory_;
    }

private:
    using Handful = std::vector<Item>;

    template <typename MakeWorker, typename Others>
    void workOn(MakeWorker& makeWorker, Others& others) {
        Handful handful;
        auto number = take(handful);
        if (number && !atEnd())
            others();
        auto worker = makeWorker();
        for (; number; number = take(handful)) {
            for (Item& item : handful)
                worker(item);
            give(*number, handful);
        }
    }

    /// Items taken at a time: enough that the lock costs little, few enough that threads end
    /// together.
    static constexpr std::size_t kHandful = 32;
    /// How far a thread may be ahead of what was told, in handfuls for each thread.
    static constexpr std::size_t kAhead = 4;

    bool atEnd() {
        const std::lock_guard lock(mutex_);
        return ended_;
    }

    /// Fills a handful with the next items; its number, or nothing at the end.
    std::optional<std::size_t> take(Handful& handful) {
        std::unique_lock lock(mutex_);
        room_.wait(lock, [&] { return outOfMemory_ || taken_ < told_ + kAhead * jobs_; });
        handful.clear();
        while (!ended_ && handful.size() < kHandful) {
            if (std::optional<Item> item = next_())
                handful.push_back(std::move(*item));
            else
                ended_ = true;
        }
        if (handful.empty())
            return std::nullopt;
        return taken_++;
    }

    /// Tells the items, or keeps them until those before them are told.
    void give(std::size_t number, Handful& handful) {
        const auto tell = [&](Handful& items) {
            for (Item& item : items)
                tell_(item);
            ++told_;
        };
        const std::lock_guard lock(mutex_);
        if (number != told_) {
            kept_.emplace(number, std::move(handful));
            handful = {};
            return;
        }
        tell(handful);
        for (auto found = kept_.begin(); found != kept_.end() && found->first == told_;
             found = kept_.erase(found))
            tell(found->second);
        room_.notify_all();
    }

    const unsigned jobs_;
    Next& next_;
    Tell& tell_;
    std::mutex mutex_;
    std::condition_variable room_;
    bool ended_ = false;
    bool outOfMemory_ = false; ///< later items are not reported
    std::size_t taken_ = 0;    ///< handfuls taken
    std::size_t told_ = 0;     ///< handfuls that were reported
    std::map<std::size_t, Handful> kept_;
};

/// Works on items with several threads, including this one, so it also works if no thread can be
/// started. Only a few items for each thread are held at a time.
///
/// @param jobs threads; 0 for usableProcessors().
/// @param next gives the next item (std::optional<Item>), nothing at the end.
/// @param makeWorker called once by each thread that works; gives what is called with each Item&.
/// @param tell called with each Item& when it was worked on, in the order of next().
/// next and tell are called by one thread at a time, not always the same. Nothing here may throw
/// anything but std::bad_alloc.
/// Errors: system (ENOMEM), if memory ran out; then the last items are not told.
template <typename Item, typename Next, typename MakeWorker, typename Tell>
Result<void> workInOrder(unsigned jobs, Next next, MakeWorker makeWorker, Tell tell) {
    if (jobs == 0)
        jobs = usableProcessors();
    OrderedWork<Item, Next, Tell> work(jobs, next, tell);
    {
        std::vector<std::jthread> threads;
        work.work(makeWorker, [&] {
            try {
                while (threads.size() + 1 < jobs)
                    threads.emplace_back([&] { work.work(makeWorker, [] {}); });
            } catch (const std::system_error&) {
                return; // those that there are do it
            }
        });
    }
    if (work.outOfMemory())
        return std::unexpected(Error{.kind = ErrorKind::system,
                                     .action = "continue",
                                     .errorNumber = ENOMEM,
                                     .remedy = "free memory and try again"});
    return {};
}

} // namespace hostcompat::input
