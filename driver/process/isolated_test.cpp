// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests work that answers, hangs, crashes, and starts processes of its own.
#include "driver/process/child_process.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <stdexcept>
#include <thread>
#include <unistd.h>

namespace {

using namespace hostcompat;
using namespace hostcompat::process;
using namespace std::chrono_literals;
using End = IsolatedOutcome::End;

std::size_t openDescriptors() {
    std::size_t count = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd"))
        ++count;
    return count;
}

TEST(RunIsolated, KeepsTheOrderAndEveryByte) {
    std::vector<IsolatedWork> work;
    for (int index = 0; index < 20; ++index)
        work.emplace_back([index] {
            std::this_thread::sleep_for(std::chrono::milliseconds(20 - index));
            return std::string(static_cast<std::size_t>(index) * 20'000, '\0') +
                   std::to_string(index);
        });
    const auto outcomes = runIsolated(work, 20s, 7);
    ASSERT_TRUE(outcomes);
    ASSERT_EQ(outcomes->size(), 20U);
    for (std::size_t index = 0; index < 20; ++index) {
        EXPECT_EQ((*outcomes)[index].end, End::finished);
        EXPECT_EQ((*outcomes)[index].text,
                  std::string(index * 20'000, '\0') + std::to_string(index));
    }
}

TEST(RunIsolated, EndsWhatHangsAndKeepsTheOthers) {
    const auto begin = std::chrono::steady_clock::now();
    const auto outcomes = runIsolated({
                                          [] { return std::string("first"); },
                                          []() -> std::string {
                                              for (;;)
                                                  ::pause();
                                          },
                                          [] { return std::string("last"); },
                                      },
                                      300ms, 3);
    ASSERT_TRUE(outcomes);
    EXPECT_EQ((*outcomes)[0].text, "first");
    EXPECT_EQ((*outcomes)[1].end, End::timedOut);
    EXPECT_EQ((*outcomes)[2].text, "last");
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
}

TEST(RunIsolated, ADeadlineCountsFromEachOnesStart) {
    const std::vector<IsolatedWork> work(4, [] {
        std::this_thread::sleep_for(200ms);
        return std::string("done");
    });
    const auto outcomes = runIsolated(work, 700ms, 1);
    ASSERT_TRUE(outcomes);
    for (const IsolatedOutcome& outcome : *outcomes)
        EXPECT_EQ(outcome.end, End::finished);
}

TEST(RunIsolated, TellsACrash) {
    const auto outcomes =
        runIsolated({
                        []() -> std::string {
                            ::raise(SIGKILL);
                            return "never";
                        },
                        []() -> std::string { throw std::runtime_error("no answer"); },
                    },
                    10s, 2);
    ASSERT_TRUE(outcomes);
    EXPECT_EQ((*outcomes)[0].end, End::died);
    EXPECT_EQ((*outcomes)[0].signal, SIGKILL);
    EXPECT_EQ((*outcomes)[1].end, End::died);
    EXPECT_EQ((*outcomes)[1].signal, 0);
}

TEST(RunIsolated, KillsWhatTheWorkStarted) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const auto outcomes = runIsolated({[&]() -> std::string {
                                          ::close(ends[0]);
                                          if (::fork() == 0)
                                              ::execlp("sleep", "sleep", "1000", nullptr);
                                          for (;;)
                                              ::pause();
                                      }},
                                      200ms, 1);
    ::close(ends[1]);
    ASSERT_TRUE(outcomes);
    EXPECT_EQ((*outcomes)[0].end, End::timedOut);
    // Reading ends when the last process that holds the pipe has exited.
    char byte;
    EXPECT_EQ(::read(ends[0], &byte, 1), 0);
    ::close(ends[0]);
}

TEST(RunIsolated, LeavesNothingOpenAndNobodyBehind) {
    const std::size_t before = openDescriptors();
    ASSERT_TRUE(runIsolated(std::vector<IsolatedWork>(30, [] { return std::string("x"); }), 5s, 8));
    EXPECT_EQ(openDescriptors(), before);
    EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
    EXPECT_EQ(errno, ECHILD);
}

} // namespace
