// SPDX-License-Identifier: LGPL-2.1-or-later
// Points in time as text.
#pragma once

#include <ctime>
#include <string>
#include <string_view>

namespace hostcompat::text {

/// "2026-11-26T15:58:26Z" (RFC 3339, in UTC, whole seconds). Empty for a year that needs more than
/// four digits.
std::string utcTime(std::time_t seconds);

/// Whether a text has the form that utcTime() writes.
bool isUtcTime(std::string_view text);

} // namespace hostcompat::text
