// SPDX-License-Identifier: LGPL-2.1-or-later
// fmt's compiled part, from its headers.
//
// Debian packages no static libfmt, which a static program would need, and an object that a daemon
// preloads must not bring a shared one along. With FMT_HEADER_ONLY the headers define what libfmt
// does, and the functions whose address is taken here are compiled here. If the library uses
// another function, linking fails.
#define FMT_HEADER_ONLY
#include <fmt/format.h>

#include <cstdint>

namespace {

using Vformat = std::string (*)(fmt::string_view, fmt::format_args);
using IsPrintable = bool (*)(std::uint32_t);
[[gnu::used]] constexpr Vformat kVformat = &fmt::vformat;
[[gnu::used]] constexpr auto* kVformatTo = &fmt::detail::vformat_to<char>;
[[gnu::used]] constexpr auto* kThousandsSeparator = &fmt::detail::thousands_sep_impl<char>;
[[gnu::used]] constexpr auto* kDecimalPoint = &fmt::detail::decimal_point_impl<char>;
[[gnu::used]] constexpr IsPrintable kIsPrintable = &fmt::detail::is_printable;

} // namespace
