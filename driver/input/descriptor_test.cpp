// SPDX-License-Identifier: LGPL-2.1-or-later
// Ownership of descriptors.
#include "driver/input/descriptor.hpp"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cerrno>
#include <fcntl.h>
#include <string>
#include <string_view>
#include <unistd.h>
#include <utility>

namespace hostcompat::input {
namespace {

bool isOpen(int number) {
    return ::fcntl(number, F_GETFD) >= 0;
}

TEST(Descriptor, IsClosedAtTheEndOfItsLife) {
    int number;
    {
        const Descriptor file = openFile("/dev/null", O_RDONLY);
        number = file.number();
        EXPECT_TRUE(isOpen(number));
    }
    EXPECT_FALSE(isOpen(number));
}

TEST(Descriptor, MovesItsOwnership) {
    Descriptor first = openFile("/dev/null", O_RDONLY);
    Descriptor second = openFile("/dev/null", O_RDONLY);
    const int kept = first.number();
    const int closed = second.number();
    second = std::move(first);
    EXPECT_FALSE(isOpen(closed));
    EXPECT_EQ(second.number(), kept);
    const Descriptor third(std::move(second));
    EXPECT_TRUE(isOpen(kept));
}

TEST(Descriptor, LeavesStandardInputOpen) {
    {
        const Descriptor input = openInput("-");
        EXPECT_EQ(input.number(), STDIN_FILENO);
    }
    EXPECT_TRUE(isOpen(STDIN_FILENO));
}

TEST(Descriptor, IsNotInheritedByPrograms) {
    const Descriptor file = openInput("/dev/null");
    EXPECT_EQ(::fcntl(file.number(), F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
}

TEST(Descriptor, SaysWhyAFileCannotBeOpened) {
    const Descriptor file = openInput("/nowhere/at/all");
    EXPECT_EQ(errno, ENOENT);
    EXPECT_FALSE(file);
}

TEST(Descriptor, GivesNoFileTheNumberOfStandardInput) {
    const Descriptor kept(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 10));
    ASSERT_TRUE(kept);
    ::close(STDIN_FILENO);
    int number;
    bool free;
    {
        const Descriptor file = openInput("/dev/null");
        number = file.number();
        free = !isOpen(STDIN_FILENO);
    }
    ::dup2(kept.number(), STDIN_FILENO);
    EXPECT_GT(number, STDERR_FILENO);
    EXPECT_TRUE(free);
    EXPECT_FALSE(isOpen(number));
}

TEST(Descriptor, HandsOverAFileFromItsStart) {
    const Descriptor file(::memfd_create("pieces", MFD_CLOEXEC));
    ASSERT_TRUE(file);
    std::string text(200'000, 'x');
    text.back() = 'y';
    ASSERT_EQ(writeWhole(file.number(), text), 0);
    std::string read;
    EXPECT_EQ(readPieces(file.number(),
                         [&](std::string_view piece) {
                             read += piece;
                             return 0;
                         }),
              0);
    EXPECT_TRUE(read == text);
    int pieces = 0;
    EXPECT_EQ(readPieces(file.number(), [&](std::string_view) { return ++pieces == 2 ? 7 : 0; }),
              7);
    EXPECT_EQ(pieces, 2);
    EXPECT_EQ(readPieces(987654, [](std::string_view) { return 0; }), EBADF);
}

TEST(Descriptor, KeepsErrnoWhenClosing) {
    errno = ENOSPC;
    {
        const Descriptor nothing(987654);
    }
    EXPECT_EQ(errno, ENOSPC);
}

} // namespace
} // namespace hostcompat::input
