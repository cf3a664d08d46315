// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests writing, replacing and removing files, and which files are left alone.
#include "driver/input/managed_file.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include <array>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <unistd.h>

namespace {

using namespace hostcompat;
using namespace hostcompat::input;

class ManagedFileTest : public testing::Test {
protected:
    void SetUp() override {
        folder_ = std::filesystem::temp_directory_path() /
                  fmt::format("managed-{}-{}", ::getpid(),
                              testing::UnitTest::GetInstance()->current_test_info()->name());
        std::filesystem::create_directories(folder_);
        path_ = folder_ / "a" / "b" / "file";
    }
    void TearDown() override {
        std::filesystem::remove_all(folder_);
    }
    static std::string text(std::string_view more) {
        return fmt::format("#!/bin/sh\n{}; see its manual.\n{}\n", kManagedMark, more);
    }
    std::string content() const {
        std::ifstream file(path_);
        return {std::istreambuf_iterator<char>(file), {}};
    }
    void putForeign() {
        std::filesystem::create_directories(path_.parent_path());
        std::ofstream(path_) << "somebody else's\n";
        std::filesystem::permissions(path_, std::filesystem::perms(0644));
    }

    std::filesystem::path folder_;
    std::filesystem::path path_;
};

TEST_F(ManagedFileTest, IsWrittenOnlyWhereSomethingChanges) {
    EXPECT_TRUE(*writeManaged(path_, text("1")));
    struct stat before;
    ASSERT_EQ(::stat(path_.c_str(), &before), 0);
    EXPECT_FALSE(*writeManaged(path_, text("1")));
    struct stat after;
    ASSERT_EQ(::stat(path_.c_str(), &after), 0);
    EXPECT_EQ(before.st_ino, after.st_ino);
    EXPECT_TRUE(*writeManaged(path_, text("1"), {.mode = 0755}));
    EXPECT_TRUE(*writeManaged(path_, text("2"), {.mode = 0755}));
}

/// An unnamed file that contains the text.
Descriptor scratchWith(std::string_view text) {
    auto file = makeScratch(std::filesystem::temp_directory_path() / "page");
    EXPECT_TRUE(file);
    EXPECT_EQ(writeWhole(file->number(), text), 0);
    return std::move(*file);
}

TEST_F(ManagedFileTest, AFileThatAUserNamesKeepsItsPermissionsAndLinks) {
    const auto file = folder_ / "page";
    const auto link = folder_ / "link";
    const unsigned mask = ::umask(0027);
    ASSERT_TRUE(replaceFile(file, scratchWith("1")));
    ::umask(mask);
    struct stat status;
    ASSERT_EQ(::stat(file.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0640U);
    std::filesystem::permissions(file, std::filesystem::perms(0600));
    std::filesystem::create_symlink("page", link);
    ASSERT_TRUE(replaceFile(link, scratchWith("2")));
    EXPECT_TRUE(std::filesystem::is_symlink(link));
    path_ = file;
    EXPECT_EQ(content(), "2");
    ASSERT_EQ(::stat(file.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0600U);
    EXPECT_FALSE(replaceFile(folder_, scratchWith("3")));
    EXPECT_FALSE(replaceFile(folder_ / "missing" / "page", scratchWith("3")));
}

TEST_F(ManagedFileTest, APipeThatAUserNamesIsWrittenToAndStays) {
    const auto pipe = folder_ / "pipe";
    ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
    const int reader = ::open(pipe.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    ASSERT_GE(reader, 0);
    ASSERT_TRUE(replaceFile(pipe, scratchWith("page")));
    std::array<char, 8> bytes{};
    EXPECT_EQ(::read(reader, bytes.data(), bytes.size()), 4);
    ::close(reader);
    struct stat status;
    ASSERT_EQ(::lstat(pipe.c_str(), &status), 0);
    EXPECT_TRUE(S_ISFIFO(status.st_mode));
}

/// The file's SELinux label, or "" for none.
std::string labelOf(const std::filesystem::path& path) {
    char label[100] = {};
    return ::getxattr(path.c_str(), "security.selinux", label, sizeof label - 1) > 0 ? label : "";
}

TEST_F(ManagedFileTest, GetsItsLabelWithItsContent) {
    const ManagedKind kind{.label = "system_u:object_r:bin_t:s0"};
    const auto written = writeManaged(path_, text("1"), kind);
    if (!written &&
        (written.error().errorNumber == EPERM || written.error().errorNumber == EOPNOTSUPP)) {
        // Only root can set labels, and only on file systems that have them.
        EXPECT_FALSE(std::filesystem::exists(path_)) << "without its label it is not there";
        return;
    }
    ASSERT_TRUE(written) << model::describe(written.error());
    EXPECT_EQ(labelOf(path_), kind.label);
    EXPECT_FALSE(*writeManaged(path_, text("1"), kind));
    EXPECT_FALSE(*writeManaged(path_, text("1"))) << "no label is asked for";
    ASSERT_EQ(::setxattr(path_.c_str(), "security.selinux", "a:b:etc_t:s0", 13, 0), 0);
    EXPECT_TRUE(*writeManaged(path_, text("1"), kind));
    EXPECT_EQ(labelOf(path_), kind.label);
}

TEST_F(ManagedFileTest, MayHaveItsTemporaryFileElsewhere) {
    const ManagedKind kind{.temporaryFolder = folder_ / "missing"};
    ASSERT_TRUE(writeManaged(path_, text("1"), kind));
    EXPECT_EQ(content(), text("1"));
    EXPECT_TRUE(std::filesystem::is_empty(folder_ / "missing"));
}

TEST_F(ManagedFileTest, IsWrittenReplacedAndRemoved) {
    EXPECT_EQ(lookAtManaged(path_)->state, ManagedState::absent);
    ASSERT_TRUE(writeManaged(path_, text("1"), {.mode = 0755}));
    struct stat status;
    ASSERT_EQ(::stat(path_.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0755U);
    ASSERT_TRUE(writeManaged(path_, text("2"), {.mode = 0755}));
    EXPECT_EQ(content(), text("2"));
    EXPECT_EQ(lookAtManaged(path_)->state, ManagedState::ours);
    EXPECT_TRUE(*removeManaged(path_));
    EXPECT_FALSE(*removeManaged(path_));
    EXPECT_TRUE(std::filesystem::is_empty(path_.parent_path()));
}

TEST_F(ManagedFileTest, SomebodyElsesFileStays) {
    putForeign();
    EXPECT_EQ(lookAtManaged(path_)->state, ManagedState::foreign);
    const auto written = writeManaged(path_, text("1"));
    ASSERT_FALSE(written);
    EXPECT_EQ(model::describe(written.error()),
              "cannot replace or remove " + path_.string() +
                  ": this program did not write it; move it to another place first");
    EXPECT_FALSE(removeManaged(path_));
    EXPECT_EQ(content(), "somebody else's\n");
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(path_.parent_path()), {}), 1);
}

TEST_F(ManagedFileTest, AFileBesideItThatAnotherProcessMadeStays) {
    std::filesystem::create_directories(path_.parent_path());
    const auto other = path_.parent_path() / fmt::format(".file.{}", ::getpid());
    std::ofstream(other) << "half written";
    ASSERT_TRUE(writeManaged(path_, text("1")));
    ASSERT_TRUE(std::filesystem::exists(other));
    EXPECT_EQ(std::filesystem::file_size(other), 12U);
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(path_.parent_path()), {}), 2);
}

TEST_F(ManagedFileTest, ALinkIsForeign) {
    std::filesystem::create_directories(path_.parent_path());
    std::filesystem::create_symlink("/dev/null", path_);
    EXPECT_EQ(lookAtManaged(path_)->state, ManagedState::foreign);
}

TEST_F(ManagedFileTest, WhatOthersMayWriteIsNotTrusted) {
    ASSERT_TRUE(writeManaged(path_, text("1")));
    ASSERT_EQ(::chmod(path_.c_str(), 0666), 0);
    EXPECT_FALSE(lookAtManaged(path_));
    EXPECT_FALSE(writeManaged(path_, text("2")));
    EXPECT_FALSE(removeManaged(path_));
    ASSERT_EQ(::chmod(path_.c_str(), 0644), 0);
    ASSERT_EQ(::chmod(path_.parent_path().c_str(), 0777), 0);
    EXPECT_FALSE(writeManaged(path_, text("2")));
    EXPECT_EQ(content(), text("1"));
}

} // namespace
