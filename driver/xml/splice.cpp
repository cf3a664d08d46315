// SPDX-License-Identifier: LGPL-2.1-or-later
// Inserts an element with the layout of its neighbours, and keeps every other byte.
#include "driver/xml/splice.hpp"

#include "driver/xml/layout.hpp"

#include <fmt/format.h>

#include <string_view>

namespace hostcompat::xml {

namespace {

using IsOld = std::function<bool(pugi::xml_node)>;

std::string_view trimRight(std::string_view text) {
    const auto end = text.find_last_not_of(" \t\r\n");
    return end == std::string_view::npos ? std::string_view() : text.substr(0, end + 1);
}

/// The parent's content without the old elements and the white space before each of them.
std::string contentWithout(const Document& document, pugi::xml_node parent, const ElementSpan& span,
                           const IsOld& isOld) {
    const std::string_view bytes = document.bytes();
    std::string content;
    std::size_t kept = span.contentBegin;
    for (const pugi::xml_node child : parent.children()) {
        if (!isOld(child))
            continue;
        const ElementSpan old = document.spanOf(child);
        content += trimRight(bytes.substr(kept, old.begin - kept));
        kept = old.end;
    }
    content += bytes.substr(kept, span.contentEnd - kept);
    return content;
}

/// The beginning of the last child element that is not removed, or npos.
std::size_t lastNeighbour(const Document& document, pugi::xml_node parent, const IsOld& isOld) {
    std::size_t last = std::string_view::npos;
    for (const pugi::xml_node child : parent.children())
        if (child.type() == pugi::node_element && !isOld(child))
            last = document.spanOf(child).begin;
    return last;
}

} // namespace

std::string elementWithLastChild(const Document& document, pugi::xml_node parent,
                                 pugi::xml_node child, const IsOld& isOld) {
    const std::string_view bytes = document.bytes();
    const ElementSpan span = document.spanOf(parent);
    const Layout layout =
        layoutOfChildren(bytes, span.begin, lastNeighbour(document, parent, isOld));
    const std::string element = renderElement(child, layout);
    const std::string_view tag = bytes.substr(span.begin, span.contentBegin - span.begin);

    if (span.selfClosing) {
        std::string closing = layout.lineBreak;
        if (!closing.empty())
            closing += layout.indent.substr(0, layout.indent.size() - layout.step.size());
        return fmt::format("{}>{}{}{}{}</{}>", tag.substr(0, tag.size() - 2), layout.lineBreak,
                           layout.indent, element, closing, parent.name());
    }
    const std::string content = contentWithout(document, parent, span, isOld);
    const std::size_t place = trimRight(content).size();
    return fmt::format("{}{}{}{}{}{}{}", tag, std::string_view(content).substr(0, place),
                       layout.lineBreak, layout.indent, element,
                       std::string_view(content).substr(place),
                       bytes.substr(span.contentEnd, span.end - span.contentEnd));
}

} // namespace hostcompat::xml
