// SPDX-License-Identifier: LGPL-2.1-or-later
// Which files are trusted.
#include "driver/input/trusted_file.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <unistd.h>

namespace {

using namespace hostcompat;
using namespace hostcompat::input;

class TrustedFileTest : public testing::Test {
protected:
    void SetUp() override {
        folder_ = std::filesystem::temp_directory_path() /
                  ("trusted-" + std::to_string(::getpid()) + "-" +
                   testing::UnitTest::GetInstance()->current_test_info()->name());
        std::filesystem::create_directories(folder_);
        path_ = folder_ / "file";
    }
    void TearDown() override {
        std::filesystem::remove_all(folder_);
    }
    void write(const std::string& text, mode_t mode = 0644) {
        std::ofstream(path_) << text;
        ASSERT_EQ(::chmod(path_.c_str(), mode), 0);
    }
    std::string refusal() {
        const auto bytes = readTrusted(path_.string());
        return bytes ? "it was read" : model::describe(bytes.error());
    }

    std::filesystem::path folder_;
    std::filesystem::path path_;
};

TEST_F(TrustedFileTest, IsReadWhole) {
    write(std::string(100'000, 'x') + '\0' + "end");
    const auto bytes = readTrusted(path_.string());
    ASSERT_TRUE(bytes) << model::describe(bytes.error());
    EXPECT_EQ(*bytes, std::string(100'000, 'x') + '\0' + "end");
}

TEST_F(TrustedFileTest, WritableByOthersIsRefused) {
    for (const mode_t mode : {0664U, 0646U, 0666U}) {
        write("x", mode);
        EXPECT_NE(refusal().find("lets others than its owner write it"), std::string::npos)
            << refusal();
    }
}

TEST_F(TrustedFileTest, AnotherOwnerIsRefused) {
    if (::geteuid() != 0)
        GTEST_SKIP() << "only root can give a file away";
    write("x");
    ASSERT_EQ(::chown(path_.c_str(), 12345, 12345), 0);
    EXPECT_NE(refusal().find("it belongs to user 12345 and not to root"), std::string::npos)
        << refusal();
    // The same through a symbolic link that root owns.
    std::filesystem::rename(path_, folder_ / "target");
    std::filesystem::create_symlink(folder_ / "target", path_);
    EXPECT_NE(refusal().find("it belongs to user 12345"), std::string::npos) << refusal();
    EXPECT_FALSE(checkTrusted(path_.string()));
}

TEST_F(TrustedFileTest, MissingKeepsItsErrno) {
    const auto bytes = readTrusted(path_.string());
    ASSERT_FALSE(bytes);
    EXPECT_EQ(bytes.error().errorNumber, ENOENT);
}

TEST_F(TrustedFileTest, WhatIsNoFileIsRefusedWithoutWaiting) {
    ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
    EXPECT_NE(refusal().find("no regular file"), std::string::npos);
    EXPECT_FALSE(readTrusted(folder_.string()));
}

TEST_F(TrustedFileTest, TooLargeIsRefused) {
    write(std::string((1 << 20) + 1, 'x'));
    EXPECT_NE(refusal().find("larger than 1 MiB"), std::string::npos);
}

} // namespace
