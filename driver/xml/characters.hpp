// SPDX-License-Identifier: LGPL-2.1-or-later
// Which bytes are UTF-8, which characters XML allows, and which of them make a name.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace hostcompat::xml {

/// The first place where bytes are not text that XML 1.0 allows.
struct BadCharacter {
    std::size_t offset; ///< in bytes, from 0
    std::string reason; ///< what is wrong there, as it ends a sentence
    bool isEncoding;    ///< true if the bytes are not UTF-8, false if the character is not XML's
};

/// Finds bytes that are not UTF-8 (RFC 3629: no overlong forms, no surrogates, nothing above
/// U+10FFFF) and characters outside of XML 1.0's production 2 (Char), or nothing.
std::optional<BadCharacter> findBadCharacter(std::string_view bytes);

/// Whether XML 1.0 allows the character (production 2, Char).
bool isXmlCharacter(char32_t character);

/// Whether a byte is an ASCII digit.
constexpr bool isDigit(char byte) {
    return byte >= '0' && byte <= '9';
}

/// Whether a byte can be part of a name: ASCII ones exactly, and all others of UTF-8.
bool isNameByte(char byte);

/// Whether the text, which must be UTF-8, is a name without a colon (Namespaces in XML 1.0,
/// production 4, NCName).
bool isNcName(std::string_view text);

} // namespace hostcompat::xml
