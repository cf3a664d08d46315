// SPDX-License-Identifier: LGPL-2.1-or-later
// None of a stranger's characters can break a line or steer a terminal.
#include "driver/text/utf8.hpp"

#include <gtest/gtest.h>

namespace hostcompat::text {
namespace {

TEST(Printable, leavesTextAlone) {
    EXPECT_EQ(printable("power9 größe 東京 😀"), "power9 größe 東京 😀");
    EXPECT_EQ(printable(""), "");
}

TEST(Printable, escapesWhatBreaksLinesOrSteersTerminals) {
    EXPECT_EQ(printable("a\nb\tc\rd"), "a\\nb\\tc\\rd");
    EXPECT_EQ(printable("\x1b[2J\x7f"), "\\u{1B}[2J\\u{7F}");
    EXPECT_EQ(printable("\xC2\x9B"
                        "31m"),
              "\\u{9B}31m");
    EXPECT_EQ(printable("x\xE2\x80\xAEy\xE2\x80\xA8z"), "x\\u{202E}y\\u{2028}z");
    EXPECT_EQ(printable("caf\xE9"), "caf\\xE9");
}

TEST(Clipped, cutsBetweenCharacters) {
    EXPECT_EQ(clipped("abc", 3), "abc");
    EXPECT_EQ(clipped("abcd", 3), "abc...");
    EXPECT_EQ(clipped("a\xC3\xA4"
                      "b",
                      2),
              "a...");
}

} // namespace
} // namespace hostcompat::text
