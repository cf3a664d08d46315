// SPDX-License-Identifier: LGPL-2.1-or-later
// UTF-8, and the escaping for terminals.
#include "driver/text/utf8.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>

namespace hostcompat::text {

namespace {

struct Range {
    char32_t first;
    char32_t last;
};

// Control characters, line and paragraph separators, characters that change the writing direction
// (Unicode, Bidi_Control), and the two characters of the Basic Multilingual Plane that XML 1.0
// excludes from Char.
constexpr std::array kUnprintable{
    Range{0x00, 0x1F},     Range{0x7F, 0x9F},     Range{0x61C, 0x61C},   Range{0x200E, 0x200F},
    Range{0x2028, 0x202E}, Range{0x2066, 0x2069}, Range{0xFFFE, 0xFFFF},
};

bool isUnprintable(char32_t character) {
    return std::ranges::any_of(kUnprintable, [&](const Range& range) {
        return character >= range.first && character <= range.last;
    });
}

/// The beginning of the character that contains the offset; the offset itself if the bytes around
/// it are not UTF-8.
std::size_t characterStart(std::string_view text, std::size_t offset) {
    constexpr std::size_t longest = 4;
    for (std::size_t back = 0; back < std::min(longest, offset + 1); ++back)
        if ((static_cast<std::uint8_t>(text[offset - back]) & 0xC0) != 0x80)
            return offset - back;
    return offset;
}

std::uint8_t byteAt(std::string_view bytes, std::size_t offset) {
    return offset < bytes.size() ? static_cast<std::uint8_t>(bytes[offset]) : 0;
}

} // namespace

Utf8 decodeUtf8(std::string_view bytes, std::size_t offset) {
    const std::uint8_t lead = byteAt(bytes, offset);
    if (lead < 0x80)
        return {lead, 1};
    std::size_t length = 0;
    char32_t smallest = 0;
    if ((lead & 0xE0) == 0xC0) {
        length = 2;
        smallest = 0x80;
    } else if ((lead & 0xF0) == 0xE0) {
        length = 3;
        smallest = 0x800;
    } else if ((lead & 0xF8) == 0xF0) {
        length = 4;
        smallest = 0x10000;
    } else {
        return {0, 0};
    }
    char32_t character = lead & (0x7FU >> length);
    for (std::size_t i = 1; i < length; ++i) {
        const std::uint8_t next = byteAt(bytes, offset + i);
        if ((next & 0xC0) != 0x80)
            return {0, 0};
        character = (character << 6) | (next & 0x3FU);
    }
    const bool surrogate = character >= 0xD800 && character <= 0xDFFF;
    if (character < smallest || surrogate || character > 0x10FFFF)
        return {0, 0};
    return {character, length};
}

std::string printable(std::string_view text) {
    std::string result;
    result.reserve(text.size());
    for (std::size_t offset = 0; offset < text.size();) {
        const Utf8 decoded = decodeUtf8(text, offset);
        const char byte = text[offset];
        if (decoded.length == 0) {
            result += fmt::format("\\x{:02X}", static_cast<std::uint8_t>(byte));
            ++offset;
            continue;
        }
        if (!isUnprintable(decoded.character))
            result += text.substr(offset, decoded.length);
        else if (byte == '\n' || byte == '\r' || byte == '\t')
            result += byte == '\n' ? "\\n" : byte == '\r' ? "\\r" : "\\t";
        else
            result += fmt::format("\\u{{{:X}}}", static_cast<std::uint32_t>(decoded.character));
        offset += decoded.length;
    }
    return result;
}

std::string outputLine(std::string_view text) {
    constexpr std::size_t end = kLongestLine / 4;
    if (text.size() <= kLongestLine)
        return printable(text);
    return printable(clipped(text, kLongestLine - end)) +
           printable(text.substr(characterStart(text, text.size() - end)));
}

std::string clipped(std::string_view text, std::size_t most) {
    if (text.size() <= most)
        return std::string(text);
    return std::string(text.substr(0, characterStart(text, most))) + "...";
}

} // namespace hostcompat::text
