// SPDX-License-Identifier: LGPL-2.1-or-later
// Finds the documents in an input by their tags.
#include "driver/xml/several.hpp"

#include "driver/xml/spans.hpp"

#include <cstddef>

namespace hostcompat::xml {

namespace {

/// The position after the element that begins at the offset, or the end of the bytes.
std::size_t behindElement(std::string_view bytes, std::size_t at) {
    const std::size_t content = behindTag(bytes, at);
    return bytes.substr(0, content).ends_with("/>") ? content
                                                    : behind(bytes, ">", endTagOf(bytes, content));
}

} // namespace

std::vector<std::string_view> splitDocuments(std::string_view bytes) {
    std::vector<std::string_view> parts;
    constexpr std::string_view mark = "\xef\xbb\xbf";
    std::size_t at = bytes.starts_with(mark) ? mark.size() : 0;
    for (;;) {
        at = bytes.find_first_not_of(" \t\r\n", at);
        if (at == std::string_view::npos)
            return parts;
        const std::size_t next = behindMarkup(bytes, at);
        const std::string_view rest = bytes.substr(at);
        if (next != at && !rest.starts_with("<![")) {
            at = next;
            continue;
        }
        const bool element =
            rest.starts_with("<") && !rest.starts_with("<!") && !rest.starts_with("</");
        const std::size_t end = element ? behindElement(bytes, at) : bytes.size();
        parts.push_back(bytes.substr(at, end - at));
        at = end;
    }
}

} // namespace hostcompat::xml
