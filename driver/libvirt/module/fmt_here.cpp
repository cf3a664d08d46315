// SPDX-License-Identifier: LGPL-2.1-or-later
// Gives the module fmt's compiled part, from its headers.
//
// The library's objects refer to functions of libfmt. Debian packages no static libfmt, and a
// preloaded object must not bring a shared one into the daemon. With FMT_HEADER_ONLY the headers
// define the same functions, and whose address is taken here is compiled here. Where the library
// comes to use another one, libfmt turns up among what the module needs, and its test says so.
#define FMT_HEADER_ONLY
#include <fmt/format.h>

namespace {

using Vformat = std::string (*)(fmt::string_view, fmt::format_args);
[[gnu::used]] constexpr Vformat kVformat = &fmt::vformat;
[[gnu::used]] constexpr auto* kVformatTo = &fmt::detail::vformat_to<char>;

} // namespace
