// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests formatting and recognising UTC times.
#include "driver/text/utc_time.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace hostcompat::text {
namespace {

TEST(UtcTime, IsWritten) {
    EXPECT_EQ(utcTime(0), "1970-01-01T00:00:00Z");
    EXPECT_EQ(utcTime(1'795'708'706), "2026-11-26T15:58:26Z");
    EXPECT_EQ(utcTime(253'402'300'799), "9999-12-31T23:59:59Z");
    EXPECT_EQ(utcTime(253'402'300'800), "");
    EXPECT_EQ(utcTime(-1), "1969-12-31T23:59:59Z");
    EXPECT_EQ(utcTime(951'782'400), "2000-02-29T00:00:00Z");
    EXPECT_EQ(utcTime(std::numeric_limits<std::time_t>::min()), "");
    EXPECT_EQ(utcTime(std::numeric_limits<std::time_t>::max()), "");
}

TEST(UtcTime, IsRecognised) {
    EXPECT_TRUE(isUtcTime("2026-11-26T15:58:26Z"));
    for (const char* text :
         {"", "2026-11-26", "2026-11-26T15:58:26", "2026-11-26T15:58:26z", "2026-11-26 15:58:26Z",
          "2026-11-2xT15:58:26Z", "2026-11-26T15:58:26ZZ"})
        EXPECT_FALSE(isUtcTime(text)) << text;
}

} // namespace
} // namespace hostcompat::text
