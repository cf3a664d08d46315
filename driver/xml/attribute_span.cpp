// SPDX-License-Identifier: LGPL-2.1-or-later
// Finds the next attribute in a start tag.
#include "driver/xml/attribute_span.hpp"

namespace hostcompat::xml {

std::optional<AttributeSpan> findAttribute(std::string_view tag, std::string_view wanted) {
    constexpr std::string_view blank = " \t\r\n";
    std::size_t at = tag.find_first_of(" \t\r\n/>");
    for (;;) {
        const std::size_t name = tag.find_first_not_of(blank, at);
        if (name >= tag.size() || tag[name] == '>' || tag[name] == '/')
            return std::nullopt;
        const std::size_t nameEnd = tag.find_first_of(" \t\r\n=", name);
        const std::size_t quote = tag.find_first_of("'\"", nameEnd);
        const std::size_t end = tag.find(tag[quote], quote + 1) + 1;
        if (tag.substr(name, nameEnd - name) == wanted)
            return AttributeSpan{at, end, quote + 1};
        at = end;
    }
}

} // namespace hostcompat::xml
