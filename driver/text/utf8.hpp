// SPDX-License-Identifier: LGPL-2.1-or-later
// Reads UTF-8, and escapes untrusted text for a terminal and a log.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace hostcompat::text {

/// One character, and the number of bytes that it takes; 0 if the bytes there are not UTF-8.
struct Utf8 {
    char32_t character;
    std::size_t length;
};

/// The character that begins at an offset, which must lie within the text. By RFC 3629: no overlong
/// forms, no surrogates, nothing above U+10FFFF.
Utf8 decodeUtf8(std::string_view text, std::size_t offset);

/// The text with every character escaped that would break a line or control a terminal: controls
/// (C0, DEL, C1), the line and paragraph separators, what turns the direction of writing, and
/// U+FFFE and U+FFFF, which XML forbids. "\n", "\t" and "\r" are written so, others as "\u{9B}".
/// Bytes that are not UTF-8 are escaped too, as "\xE9".
std::string printable(std::string_view text);

/// The longest line that is printed uncut, in bytes before escaping.
inline constexpr std::size_t kLongestLine = 8192;

/// Escapes a line for a terminal or a log, once, when the program prints it: printable(), and if it
/// is longer than kLongestLine, only the beginning and the end with "..." between them. Without a
/// newline at the end.
std::string outputLine(std::string_view text);

/// At most that many bytes of a value that a message quotes, cut between characters and then marked
/// with "...". It escapes nothing; outputLine() does.
std::string clipped(std::string_view text, std::size_t most = 60);

} // namespace hostcompat::text
