// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests that every item is processed once and reported in order, and that only a few are held at a
// time.
#include "driver/input/ordered_work.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <new>

namespace hostcompat::input {
namespace {

struct Told {
    std::vector<int> items;
    int workers = 0;
    int mostAhead = 0;
};

/// Doubles the numbers below `count`. Every seventh takes longer, so that others finish before it.
Told doubled(int count, unsigned jobs) {
    Told told;
    int next = 0;
    std::atomic<int> workers = 0;
    const auto done = input::workInOrder<int>(
        jobs,
        [&]() -> std::optional<int> {
            if (next == count)
                return std::nullopt;
            told.mostAhead = std::max(told.mostAhead, next - static_cast<int>(told.items.size()));
            return next++;
        },
        [&] {
            ++workers;
            return [](int& item) {
                if (item % 7 == 0)
                    std::this_thread::sleep_for(std::chrono::microseconds(50));
                item *= 2;
            };
        },
        [&](int item) { told.items.push_back(item); });
    EXPECT_TRUE(done);
    told.workers = workers;
    return told;
}

TEST(OrderedWork, tellsEachItemOnceAndInOrder) {
    for (const int count : {0, 1, 32, 33, 1000, 5000})
        for (const unsigned jobs : {0U, 1U, 2U, 7U}) {
            const Told told = doubled(count, jobs);
            ASSERT_EQ(told.items.size(), static_cast<std::size_t>(count));
            for (int i = 0; i < count; ++i)
                ASSERT_EQ(told.items[static_cast<std::size_t>(i)], 2 * i);
        }
}

TEST(OrderedWork, holdsAFewItemsForEachThread) {
    EXPECT_LE(doubled(5000, 1).mostAhead, 4 * 32);
    EXPECT_LE(doubled(5000, 3).mostAhead, 3 * 4 * 32);
}

/// The place where memory runs out for one item.
enum class Where { next, worker, work, tell };

void runsOutOfMemory(Where where, int at, unsigned jobs) {
    int next = 0;
    std::vector<int> told;
    const auto fail = [&](Where here, int item) {
        if (here == where && item == at)
            throw std::bad_alloc();
    };
    const auto done = input::workInOrder<int>(
        jobs,
        [&]() -> std::optional<int> {
            fail(Where::next, next);
            return next == 5000 ? std::nullopt : std::optional(next++);
        },
        [&] {
            fail(Where::worker, at);
            return [&](int& item) { fail(Where::work, item); };
        },
        [&](int item) {
            fail(Where::tell, item);
            told.push_back(item);
        });
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().kind, ErrorKind::system);
    EXPECT_EQ(done.error().errorNumber, ENOMEM);
    EXPECT_LE(told.size(), static_cast<std::size_t>(at));
    for (std::size_t i = 0; i < told.size(); ++i)
        ASSERT_EQ(told[i], static_cast<int>(i));
    if (where == Where::tell) {
        EXPECT_EQ(told.size(), static_cast<std::size_t>(at));
    }
}

TEST(OrderedWork, saysWhereMemoryRunsOut) {
    for (const Where where : {Where::next, Where::worker, Where::work, Where::tell})
        for (const int at : {0, 31, 32, 1234, 4999})
            for (const unsigned jobs : {1U, 2U, 7U})
                runsOutOfMemory(where, at, jobs);
}

TEST(OrderedWork, startsNoThreadForAHandful) {
    EXPECT_EQ(doubled(20, 8).workers, 1);
}

} // namespace
} // namespace hostcompat::input
