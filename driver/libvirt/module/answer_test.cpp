// SPDX-License-Identifier: LGPL-2.1-or-later
// How often the module asks, and how it handles the answer.
#include "driver/answer/record.hpp"
#include "driver/libvirt/module/answer.hpp"

#include <gtest/gtest.h>
#include <sys/utsname.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

using namespace hostcompat;
using namespace hostcompat::libvirt;
using namespace hostcompat::libvirt::module;
using namespace std::chrono_literals;

Answer saying(std::string reason, std::chrono::seconds interval) {
    Answer answer{.interval = interval};
    answer.host.compat.reason = std::move(reason);
    return answer;
}

TEST(AnswerKeeper, AsksOnceAnInterval) {
    int asked = 0;
    AnswerKeeper keeper([&] {
        ++asked;
        return saying(std::to_string(asked), 10s);
    });
    const AnswerKeeper::Clock::time_point begin{};
    EXPECT_EQ(keeper.at(begin)->host.compat.reason, "1");
    const auto kept = keeper.at(begin + 9s);
    EXPECT_EQ(kept->host.compat.reason, "1");
    EXPECT_EQ(keeper.at(begin + 10s)->host.compat.reason, "2");
    EXPECT_EQ(keeper.at(begin + 19s)->host.compat.reason, "2");
    EXPECT_EQ(kept->host.compat.reason, "1") << "an answer in use must stay";
    EXPECT_EQ(asked, 2);
}

TEST(AnswerKeeper, ThreadsShareOneAnswer) {
    std::atomic<int> asked = 0;
    AnswerKeeper keeper([&] {
        ++asked;
        std::this_thread::sleep_for(20ms);
        return saying("shared", 3600s);
    });
    std::vector<std::thread> threads;
    for (int index = 0; index < 8; ++index)
        threads.emplace_back([&] {
            for (int round = 0; round < 1000; ++round)
                EXPECT_EQ(keeper.at(AnswerKeeper::Clock::now())->host.compat.reason, "shared");
        });
    for (std::thread& thread : threads)
        thread.join();
    EXPECT_EQ(asked, 1);
}

class FindAnswerTest : public testing::Test {
protected:
    void SetUp() override {
        folder_ = std::filesystem::temp_directory_path() /
                  ("answer-" + std::to_string(::getpid()) + "-" +
                   testing::UnitTest::GetInstance()->current_test_info()->name());
        std::filesystem::create_directories(folder_);
    }
    void TearDown() override {
        std::filesystem::remove_all(folder_);
    }
    std::string write(const char* name, const std::string& text) {
        const auto path = folder_ / name;
        std::ofstream(path) << text;
        std::filesystem::permissions(path, std::filesystem::perms(0644));
        return path.string();
    }

    std::filesystem::path folder_;
};

TEST_F(FindAnswerTest, ARecordStandsInForTheHost) {
    const model::HostRecord record{
        .host = {.arch = "ppc64le", .platform = model::Platform::pseries, .kernel = "7.3"},
        .compat = {.known = model::KnownCompat{.source = "kvm",
                                               .supported = {9},
                                               .refused = {8, 10, 11},
                                               .capabilities = 1ULL << 62,
                                               .abi = "merged"}}};
    const std::string recordPath = write("record.json", answer::writeRecord(record));
    const Answer answer = findAnswer(
        write("module.conf", "probe = " + recordPath + "\ninterval = 7\ncompare = yes\n"), false);
    EXPECT_EQ(answer.host, record) << answer.host.compat.reason;
    EXPECT_TRUE(answer.recorded);
    EXPECT_TRUE(answer.compare);
    EXPECT_EQ(answer.interval, 7s);
}

TEST_F(FindAnswerTest, WhatIsWrongIsTheReason) {
    const Answer vanished = findAnswer(write("a.conf", "probe = /nowhere/record.json\n"), false);
    EXPECT_FALSE(vanished.host.compat.known);
    EXPECT_EQ(vanished.host.compat.reason,
              "cannot open /nowhere/record.json: No such file or directory (ENOENT)");
    const Answer broken = findAnswer(write("b.conf", "interval = soon\n"), false);
    EXPECT_FALSE(broken.host.compat.known);
    EXPECT_NE(broken.host.compat.reason.find("b.conf:1: cannot read the module's configuration"),
              std::string::npos)
        << broken.host.compat.reason;
    EXPECT_NE(findAnswer("/nowhere/module.conf", false).host.compat.reason, "");
}

TEST_F(FindAnswerTest, AHostThatIsNotPowerHasNothingToSay) {
    utsname names{};
    ASSERT_EQ(::uname(&names), 0);
    if (std::string_view(names.machine).starts_with("ppc64"))
        GTEST_SKIP() << "this host is POWER";
    const Answer answer = findAnswer("/nowhere/module.conf", true);
    EXPECT_FALSE(answer.host.compat.known);
    EXPECT_EQ(answer.host.compat.reason, "");
}

} // namespace
