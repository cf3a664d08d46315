// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests that no character can break a line or control a terminal, and that long lines are cut.
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

TEST(Printable, escapesWhatXmlExcludes) {
    EXPECT_EQ(printable("\xEF\xBF\xBE\xEF\xBF\xBF"), "\\u{FFFE}\\u{FFFF}");
    EXPECT_EQ(printable("\xEF\xBF\xBD"), "\xEF\xBF\xBD");
}

TEST(OutputLine, escapesOnceAndForAll) {
    EXPECT_EQ(outputLine("a\nb"), "a\\nb");
    EXPECT_EQ(outputLine(outputLine("a\nb\x1b\xE9")), outputLine("a\nb\x1b\xE9"));
}

TEST(OutputLine, showsBothEndsOfALongOne) {
    const std::string whole(kLongestLine, 'x');
    EXPECT_EQ(outputLine(whole), whole);
    const std::string line = outputLine("begin" + std::string(1'000'000, 'x') + "end");
    EXPECT_EQ(line.size(), kLongestLine + 3);
    EXPECT_TRUE(line.starts_with("beginxx"));
    EXPECT_TRUE(line.contains("xx...xx"));
    EXPECT_TRUE(line.ends_with("xxend"));
    std::string wide = "x"; // so that both cuts would fall within a character
    for (std::size_t count = 0; count < kLongestLine; ++count)
        wide += "\xE2\x82\xAC";
    EXPECT_FALSE(outputLine(wide).contains("\\x")) << outputLine(wide).substr(0, 100);
    EXPECT_FALSE(outputLine("x" + wide).contains("\\x"));
}

TEST(Clipped, escapesNothing) {
    EXPECT_EQ(clipped("a\nb\x1b"), "a\nb\x1b");
}

TEST(Clipped, cutsAnywhereInWhatIsNotUtf8) {
    EXPECT_EQ(clipped(std::string(10, '\x80'), 7), std::string(7, '\x80') + "...");
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
