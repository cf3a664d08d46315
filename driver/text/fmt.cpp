// SPDX-License-Identifier: LGPL-2.1-or-later
// Compiles fmt's library part from its headers.
//
// Debian has no static libfmt, which a static program would need, and the module that a daemon
// preloads must not load a shared one. With FMT_HEADER_ONLY the headers define what libfmt
// contains. The functions whose address is taken here are compiled here. If the project uses
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
