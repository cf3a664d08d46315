// SPDX-License-Identifier: LGPL-2.1-or-later
// Writes and recognises points in time.
#include "driver/text/utc_time.hpp"

#include <array>

namespace hostcompat::text {

namespace {

constexpr std::string_view kForm = "0000-00-00T00:00:00Z";

} // namespace

std::string utcTime(std::time_t seconds) {
    std::tm parts{};
    std::array<char, kForm.size() + 1> buffer{};
    if (::gmtime_r(&seconds, &parts) == nullptr ||
        std::strftime(buffer.data(), buffer.size(), "%Y-%m-%dT%H:%M:%SZ", &parts) != kForm.size())
        return {};
    return buffer.data();
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
