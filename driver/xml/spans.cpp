// SPDX-License-Identifier: LGPL-2.1-or-later
// Counts tags, and ignores text that only looks like a tag.
#include "driver/xml/spans.hpp"

#include <algorithm>

namespace hostcompat::xml {

std::size_t behind(std::string_view bytes, std::string_view mark, std::size_t at) {
    const std::size_t found = bytes.find(mark, at);
    return found == std::string_view::npos ? bytes.size() : found + mark.size();
}

std::size_t behindTag(std::string_view bytes, std::size_t at) {
    while (at < bytes.size() && bytes[at] != '>')
        at = bytes[at] == '\'' || bytes[at] == '"' ? behind(bytes, bytes.substr(at, 1), at + 1)
                                                   : at + 1;
    return std::min(at + 1, bytes.size());
}

std::size_t behindMarkup(std::string_view bytes, std::size_t at) {
    const std::string_view rest = bytes.substr(at);
    if (rest.starts_with("<!--"))
        return behind(bytes, "-->", at + 4);
    if (rest.starts_with("<![CDATA["))
        return behind(bytes, "]]>", at);
    if (rest.starts_with("<?"))
        return behind(bytes, "?>", at);
    return at;
}

std::size_t endTagOf(std::string_view bytes, std::size_t at) {
    for (std::size_t depth = 1;;) {
        at = bytes.find('<', at);
        if (at == std::string_view::npos)
            return bytes.size();
        if (const std::size_t next = behindMarkup(bytes, at); next != at) {
            at = next;
            continue;
        }
        const bool closes = bytes.substr(at).starts_with("</");
        if (closes && --depth == 0)
            return at;
        at = behindTag(bytes, at);
        if (!closes && !bytes.substr(0, at).ends_with("/>"))
            ++depth;
    }
}

} // namespace hostcompat::xml
