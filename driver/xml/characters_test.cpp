// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests the boundaries of each character class.
#include "driver/xml/characters.hpp"

#include <gtest/gtest.h>

namespace hostcompat::xml {
namespace {

TEST(BadCharacter, isFoundAtEachEdge) {
    for (const char* good :
         {"\x7f", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80",
          "\xEF\xBF\xBD", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"})
        EXPECT_FALSE(findBadCharacter(good)) << good;
    for (const char* bad : {"\x80", "\xBF", "\xC1\xBF", "\xC2", "\xC2\x20", "\xE0\x9F\xBF",
                            "\xED\xBF\xBF", "\xEF\xBF\xBE", "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80",
                            "\xF5\x80\x80\x80", "\xFE", "\xFF", "\x1f"}) {
        const auto found = findBadCharacter(std::string("ok") + bad);
        ASSERT_TRUE(found) << bad;
        EXPECT_EQ(found->offset, 2U);
    }
}

TEST(NcName, isXmls) {
    for (const char* name : {"a", "_", "a-1.b", "\xC3\xA4", "a\xC2\xB7"})
        EXPECT_TRUE(isNcName(name)) << name;
    for (const char* name : {"", "1", "-", ".", "a:b", "\xC2\xB7", "a b", "\xC3\x97"})
        EXPECT_FALSE(isNcName(name)) << name;
}

} // namespace
} // namespace hostcompat::xml
