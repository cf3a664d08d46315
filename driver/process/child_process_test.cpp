// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests that a child gets its input, that its output is read, and that it never runs longer than
// its timeout.
#include "driver/process/child_process.hpp"

#include <gtest/gtest.h>

#include <cerrno>

namespace hostcompat::process {
namespace {

using namespace std::chrono_literals;

TEST(RunChild, givesBothStreamsAndTheStatus) {
    const auto run = runChild({"sh", "-c", "cat; echo complaint >&2; exit 7"}, "question", 20s);
    ASSERT_TRUE(run);
    EXPECT_EQ(run->output, "question");
    EXPECT_EQ(run->errors, "complaint\n");
    EXPECT_EQ(run->status, 7);
    EXPECT_FALSE(run->timedOut);
}

TEST(RunChild, feedsMoreThanAPipeHolds) {
    const std::string input(900'000, 'x');
    const auto run = runChild({"cat"}, input, 20s);
    ASSERT_TRUE(run);
    EXPECT_EQ(run->output, input);
}

TEST(RunChild, keepsNoMoreThanTheLimit) {
    const auto run = runChild({"head", "-c", "3000000", "/dev/zero"}, "", 20s);
    ASSERT_TRUE(run);
    EXPECT_EQ(run->output.size(), kMaximumChildOutput);
    EXPECT_EQ(run->status, 0);
}

TEST(RunChild, killsWhatTakesTooLongAndItsChildren) {
    const auto begin = std::chrono::steady_clock::now();
    const auto run = runChild({"sh", "-c", "sleep 60 & sleep 60"}, "", 100ms);
    ASSERT_TRUE(run);
    EXPECT_TRUE(run->timedOut);
    EXPECT_EQ(run->status, 128 + 9);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 10s);
}

TEST(RunChild, killsOneThatClosedItsStreamsAndStays) {
    const auto run = runChild({"sh", "-c", "exec >&- 2>&-; sleep 60"}, "", 200ms);
    ASSERT_TRUE(run);
    EXPECT_TRUE(run->timedOut);
}

TEST(RunChild, doesNotMindAChildThatDoesNotListen) {
    const auto run = runChild({"true"}, std::string(900'000, 'x'), 20s);
    ASSERT_TRUE(run);
    EXPECT_EQ(run->status, 0);
}

TEST(RunChild, saysWhatCannotBeStarted) {
    const auto run = runChild({"/nonexistent/program"}, "", 1s);
    ASSERT_FALSE(run);
    EXPECT_EQ(run.error().kind, ErrorKind::input);
    EXPECT_EQ(run.error().errorNumber, ENOENT);
    EXPECT_EQ(run.error().subject, "/nonexistent/program");
}

} // namespace
} // namespace hostcompat::process
