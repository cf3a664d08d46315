// SPDX-License-Identifier: LGPL-2.1-or-later
// Every item is worked on once and told in its turn, and none is held for long.
#include "driver/input/ordered_work.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>

namespace hostcompat::input {
namespace {

struct Told {
    std::vector<int> items;
    int workers = 0;
    int mostAhead = 0;
};

/// Doubles the numbers below `count`; every seventh takes a while, so that others are ready first.
Told doubled(int count, unsigned jobs) {
    Told told;
    int next = 0;
    std::atomic<int> workers = 0;
    input::workInOrder<int>(
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

TEST(OrderedWork, startsNoThreadForAHandful) {
    EXPECT_EQ(doubled(20, 8).workers, 1);
}

} // namespace
} // namespace hostcompat::input
