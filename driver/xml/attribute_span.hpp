// SPDX-License-Identifier: LGPL-2.1-or-later
// The position of an attribute in a start tag.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace hostcompat::xml {

/// An attribute in a start tag's text: from the white space before it to after its last quote.
struct AttributeSpan {
    std::size_t begin;
    std::size_t end;
    std::size_t valueBegin; ///< after its first quote
};

/// Finds an attribute. The tag, from its '<' on, is known to be well formed.
std::optional<AttributeSpan> findAttribute(std::string_view tag, std::string_view wanted);

} // namespace hostcompat::xml
