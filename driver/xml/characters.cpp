// SPDX-License-Identifier: LGPL-2.1-or-later
// UTF-8 decoding and the character classes of XML 1.0, fifth edition.
#include "driver/xml/characters.hpp"

#include "driver/text/utf8.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>

namespace hostcompat::xml {

namespace {

struct Range {
    char32_t first;
    char32_t last;
};

// XML 1.0, production 4 (NameStartChar), above ASCII.
constexpr std::array kNameStart{
    Range{0xC0, 0xD6},     Range{0xD8, 0xF6},     Range{0xF8, 0x2FF},    Range{0x370, 0x37D},
    Range{0x37F, 0x1FFF},  Range{0x200C, 0x200D}, Range{0x2070, 0x218F}, Range{0x2C00, 0x2FEF},
    Range{0x3001, 0xD7FF}, Range{0xF900, 0xFDCF}, Range{0xFDF0, 0xFFFD}, Range{0x10000, 0xEFFFF},
};
// Production 4a (NameChar): the additional characters that a name may contain after the first one.
constexpr std::array kNameMore{Range{0xB7, 0xB7}, Range{0x300, 0x36F}, Range{0x203F, 0x2040}};
bool isIn(std::span<const Range> ranges, char32_t character) {
    return std::ranges::any_of(ranges, [&](const Range& range) {
        return character >= range.first && character <= range.last;
    });
}

bool isAsciiLetter(char32_t character) {
    return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z');
}

bool isNameStart(char32_t character) {
    return isAsciiLetter(character) || character == '_' ||
           (character >= 0x80 && isIn(kNameStart, character));
}

bool isNameCharacter(char32_t character) {
    return isNameStart(character) || (character >= '0' && character <= '9') || character == '-' ||
           character == '.' || (character >= 0x80 && isIn(kNameMore, character));
}

constexpr auto kPlainBytes = [] {
    std::array<bool, 256> plain{};
    for (std::size_t byte = 0x20; byte < 0x80; ++byte)
        plain[byte] = true;
    plain['\t'] = plain['\n'] = plain['\r'] = true;
    return plain;
}();

constexpr auto kNameBytes = [] {
    std::array<bool, 256> name{};
    for (std::size_t byte = 0; byte < 256; ++byte)
        name[byte] = byte >= 0x80 || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                     (byte >= '0' && byte <= '9') || byte == '_' || byte == ':' || byte == '-' ||
                     byte == '.';
    return name;
}();

} // namespace

std::optional<BadCharacter> findBadCharacter(std::string_view bytes) {
    std::size_t offset = 0;
    while (offset < bytes.size()) {
        const auto byte = static_cast<std::uint8_t>(bytes[offset]);
        if (kPlainBytes[byte]) {
            ++offset;
            continue;
        }
        const text::Utf8 decoded = text::decodeUtf8(bytes, offset);
        if (decoded.length == 0)
            return BadCharacter{offset, fmt::format("the byte 0x{:02X} is not UTF-8 there", byte),
                                true};
        if (decoded.character == 0)
            return BadCharacter{offset, "there is a NUL byte", false};
        if (!isXmlCharacter(decoded.character))
            return BadCharacter{offset,
                                fmt::format("XML does not allow the character U+{:04X}",
                                            static_cast<std::uint32_t>(decoded.character)),
                                false};
        offset += decoded.length;
    }
    return std::nullopt;
}

bool isXmlCharacter(char32_t character) {
    return character == '\t' || character == '\n' || character == '\r' ||
           (character >= 0x20 && character <= 0xD7FF) ||
           (character >= 0xE000 && character <= 0xFFFD) ||
           (character >= 0x10000 && character <= 0x10FFFF);
}

bool isNameByte(char byte) {
    return kNameBytes[static_cast<std::uint8_t>(byte)];
}

bool isNcName(std::string_view text) {
    if (text.empty())
        return false;
    for (std::size_t offset = 0; offset < text.size();) {
        const text::Utf8 decoded = text::decodeUtf8(text, offset);
        if (decoded.length == 0)
            return false;
        if (offset == 0 ? !isNameStart(decoded.character) : !isNameCharacter(decoded.character))
            return false;
        offset += decoded.length;
    }
    return true;
}

} // namespace hostcompat::xml
