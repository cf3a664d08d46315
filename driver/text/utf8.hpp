// SPDX-License-Identifier: LGPL-2.1-or-later
// Reads UTF-8, and makes text that a stranger wrote fit for a message.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace hostcompat::text {

/// One character, and the number of bytes that it takes; 0 where the bytes there are not UTF-8.
struct Utf8 {
    char32_t character;
    std::size_t length;
};

/// The character that begins at an offset, which must lie within the text. By RFC 3629: no overlong
/// forms, no surrogates, nothing above U+10FFFF.
Utf8 decodeUtf8(std::string_view text, std::size_t offset);

/// The text with every character escaped that would break a line or steer a terminal: controls (C0,
/// DEL, C1), the line and paragraph separators, and what turns the direction of writing. "\n", "\t"
/// and "\r" are written so, others as "\u{9B}". Bytes that are not UTF-8 are escaped too, as
/// "\xE9".
std::string printable(std::string_view text);

/// At most that many bytes of the text, cut between characters and then marked with "...",
/// printable, for a message.
std::string clipped(std::string_view text, std::size_t most = 60);

} // namespace hostcompat::text
