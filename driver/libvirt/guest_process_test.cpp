// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests real processes that hold the lock of a PID file, and files and processes that do not belong
// to a guest.
#include "driver/libvirt/guest_process.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <string>
#include <unistd.h>

namespace hostcompat::libvirt {
namespace {

class GuestProcessTest : public testing::Test {
protected:
    GuestProcessTest() {
        std::string pattern = (std::filesystem::temp_directory_path() / "guest-XXXXXX").string();
        folder_ = ::mkdtemp(pattern.data());
        place_.pidFiles = folder_;
    }
    ~GuestProcessTest() override {
        end();
        std::filesystem::remove_all(folder_);
    }

    std::string pathOf(const std::string& name) const {
        return folder_ + "/" + name + ".pid";
    }
    void write(const std::string& name, const std::string& text = "1") const {
        std::ofstream(pathOf(name)) << text;
        ::chmod(pathOf(name).c_str(), 0644);
    }

    /// Starts a process that locks the PID file, becomes "sleep", and is called like a guest.
    void start(const std::string& name) {
        std::array<int, 2> ready{};
        ASSERT_EQ(::pipe2(ready.data(), O_CLOEXEC), 0);
        child_ = ::fork();
        ASSERT_GE(child_, 0);
        if (child_ == 0) {
            const int file = ::open(pathOf(name).c_str(), O_RDWR | O_CREAT, 0644);
            struct flock lock{};
            lock.l_type = F_WRLCK;
            lock.l_whence = SEEK_SET;
            lock.l_len = 1;
            ::fchmod(file, 0644);
            if (::fcntl(file, F_SETLK, &lock) == 0)
                ::execlp("sleep", "qemu", "60", nullptr);
            ::_exit(1);
        }
        ::close(ready[1]);
        char nothing = 0;
        // The read ends when the program has been executed.
        EXPECT_EQ(::read(ready[0], &nothing, 1), 0);
        ::close(ready[0]);
    }
    void end() {
        if (child_ <= 0)
            return;
        ::kill(child_, SIGKILL);
        ::waitpid(child_, nullptr, 0);
        child_ = 0;
    }

    std::string folder_;
    GuestProcessPlace place_;
    pid_t child_ = 0;
};

TEST_F(GuestProcessTest, ReadsTheProcessThatHoldsTheLock) {
    start("g");
    const GuestProcess process = readGuestProcess("g", place_);
    EXPECT_EQ(process.commandLine, std::string("qemu\00060\0", 8)) << process.note;
    EXPECT_EQ(process.note, "");
}

TEST_F(GuestProcessTest, FindsTheNameAsLibvirtEscapesIt) {
    start("a&amp;&lt;b&apos;&quot;&gt;");
    EXPECT_NE(readGuestProcess("a&<b'\">", place_).commandLine, "");
}

TEST_F(GuestProcessTest, BelievesNoNumberInTheFile) {
    write("g", std::to_string(::getpid()));
    const GuestProcess process = readGuestProcess("g", place_);
    EXPECT_EQ(process.commandLine, "");
    EXPECT_NE(process.note.find("holds the lock"), std::string::npos) << process.note;
}

TEST_F(GuestProcessTest, NoticesThatTheProcessIsGone) {
    start("g");
    end();
    EXPECT_EQ(readGuestProcess("g", place_).commandLine, "");
}

TEST_F(GuestProcessTest, NoticesThatTheProcessCannotBeSeen) {
    start("g");
    place_.processes = folder_;
    const GuestProcess process = readGuestProcess("g", place_);
    EXPECT_EQ(process.commandLine, "");
    EXPECT_NE(process.note.find("ENOENT"), std::string::npos) << process.note;
}

TEST_F(GuestProcessTest, TakesNoFileThatOthersCanWrite) {
    start("g");
    ::chmod(pathOf("g").c_str(), 0666);
    const GuestProcess process = readGuestProcess("g", place_);
    EXPECT_EQ(process.commandLine, "");
    EXPECT_NE(process.note.find("may have been written"), std::string::npos) << process.note;
}

TEST_F(GuestProcessTest, FollowsNoLinkAndLeavesTheFolderNever) {
    start("g");
    std::filesystem::create_symlink(pathOf("g"), pathOf("link"));
    EXPECT_EQ(readGuestProcess("link", place_).commandLine, "");
    EXPECT_EQ(
        readGuestProcess("../" + std::filesystem::path(folder_).filename().string() + "/g", place_)
            .commandLine,
        "");
    EXPECT_EQ(readGuestProcess("", place_).commandLine, "");
    std::filesystem::create_directory(pathOf("folder"));
    EXPECT_EQ(readGuestProcess("folder", place_).commandLine, "");
    ASSERT_EQ(::mkfifo(pathOf("fifo").c_str(), 0600), 0);
    EXPECT_EQ(readGuestProcess("fifo", place_).commandLine, "");
    EXPECT_NE(readGuestProcess("nobody", place_).note.find("ENOENT"), std::string::npos);
}

} // namespace
} // namespace hostcompat::libvirt
