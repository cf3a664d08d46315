// SPDX-License-Identifier: LGPL-2.1-or-later
// Formats and recognises UTC times.
#include "driver/text/utc_time.hpp"

#include <fmt/format.h>

#include <chrono>

namespace hostcompat::text {

namespace {

constexpr std::string_view kForm = "0000-00-00T00:00:00Z";

} // namespace

std::string utcTime(std::time_t seconds) {
    // The C library's gmtime_r() reads the file of the local time zone.
    using namespace std::chrono;
    const sys_seconds point(std::chrono::seconds{seconds});
    if (point < sys_days{year{0} / January / 1} || point >= sys_days{year{10'000} / January / 1})
        return {};
    const auto midnight = floor<days>(point);
    const year_month_day date(midnight);
    const hh_mm_ss time(point - midnight);
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                       time.hours().count(), time.minutes().count(), time.seconds().count());
}

bool isUtcTime(std::string_view text) {
    if (text.size() != kForm.size())
        return false;
    for (std::size_t index = 0; index < kForm.size(); ++index) {
        const bool digit = text[index] >= '0' && text[index] <= '9';
        if (kForm[index] == '0' ? !digit : text[index] != kForm[index])
            return false;
    }
    return true;
}

} // namespace hostcompat::text
