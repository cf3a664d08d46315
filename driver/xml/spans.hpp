// SPDX-License-Identifier: LGPL-2.1-or-later
// Finds tags and elements in bytes, without a parser.
#pragma once

#include <cstddef>
#include <string_view>

namespace hostcompat::xml {

// Offsets into bytes. In a well-formed document what is looked for is there; elsewhere the end of
// the bytes stands for it.

/// Behind the first occurrence of the mark at or after the offset.
std::size_t behind(std::string_view bytes, std::string_view mark, std::size_t at);

/// Behind the '>' that ends the tag at the offset; one in an attribute's value does not.
std::size_t behindTag(std::string_view bytes, std::size_t at);

/// Behind a comment, CDATA section or processing instruction at the offset, or the offset itself.
std::size_t behindMarkup(std::string_view bytes, std::size_t at);

/// The '<' of the end tag that belongs to the start tag which ends at the offset.
std::size_t endTagOf(std::string_view bytes, std::size_t at);

} // namespace hostcompat::xml
