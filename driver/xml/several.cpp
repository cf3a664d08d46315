// SPDX-License-Identifier: LGPL-2.1-or-later
// Follows elements by their tags alone.
#include "driver/xml/several.hpp"

#include <algorithm>
#include <cstddef>

namespace hostcompat::xml {

namespace {

bool startsAt(std::string_view bytes, std::size_t at, std::string_view mark) {
    return bytes.substr(at, mark.size()) == mark;
}

std::size_t behind(std::string_view bytes, std::string_view mark, std::size_t at) {
    const std::size_t found = bytes.find(mark, at);
    return found == std::string_view::npos ? bytes.size() : found + mark.size();
}

/// Behind the '>' of the tag at the offset.
std::size_t behindTag(std::string_view bytes, std::size_t at) {
    while (at < bytes.size() && bytes[at] != '>')
        at = bytes[at] == '\'' || bytes[at] == '"' ? behind(bytes, bytes.substr(at, 1), at + 1)
                                                   : at + 1;
    return std::min(at + 1, bytes.size());
}

/// Behind a comment, CDATA section or processing instruction at the offset, or the offset itself.
std::size_t behindMarkup(std::string_view bytes, std::size_t at) {
    if (startsAt(bytes, at, "<!--"))
        return behind(bytes, "-->", at + 4);
    if (startsAt(bytes, at, "<![CDATA["))
        return behind(bytes, "]]>", at);
    if (startsAt(bytes, at, "<?"))
        return behind(bytes, "?>", at);
    return at;
}

/// Behind the element that begins at the offset, or the end of the bytes.
std::size_t behindElement(std::string_view bytes, std::size_t at) {
    std::size_t depth = 0;
    for (;;) {
        at = bytes.find('<', at);
        if (at == std::string_view::npos)
            return bytes.size();
        if (const std::size_t next = behindMarkup(bytes, at); next != at) {
            at = next;
            continue;
        }
        const bool closes = startsAt(bytes, at, "</");
        at = behindTag(bytes, at);
        const bool empty = at >= 2 && bytes[at - 2] == '/';
        if (closes)
            --depth;
        else if (!empty)
            ++depth;
        if (depth == 0)
            return at;
    }
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
        if (next != at && !startsAt(bytes, at, "<![")) {
            at = next;
            continue;
        }
        const bool element =
            bytes[at] == '<' && !startsAt(bytes, at, "<!") && !startsAt(bytes, at, "</");
        const std::size_t end = element ? behindElement(bytes, at) : bytes.size();
        parts.push_back(bytes.substr(at, end - at));
        at = end;
    }
}

} // namespace hostcompat::xml
