// SPDX-License-Identifier: LGPL-2.1-or-later
// Reads documents and finds elements in their bytes.
#include "driver/xml/document.hpp"

#include "driver/xml/spans.hpp"
#include "driver/xml/well_formed.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace hostcompat::xml {

Result<Document> Document::read(std::string bytes, std::string name) {
    if (auto checked = checkDocument(bytes, name); !checked)
        return std::unexpected(std::move(checked.error()));
    Document document;
    document.bytes_ = std::make_unique<std::string>(std::move(bytes));
    document.tree_ = std::make_unique<pugi::xml_document>();
    document.name_ = std::move(name);
    const auto result = document.tree_->load_buffer(
        document.bytes_->data(), document.bytes_->size(),
        // libvirt treats the white space in an element that contains nothing else as text, too.
        pugi::parse_default | pugi::parse_ws_pcdata_single, pugi::encoding_utf8);
    if (result.status == pugi::status_out_of_memory)
        return std::unexpected(Error{.kind = ErrorKind::system,
                                     .action = "parse",
                                     .subject = document.name_,
                                     .errorNumber = ENOMEM});
    if (!result)
        return std::unexpected(Error{.kind = ErrorKind::input,
                                     .action = "parse",
                                     .subject = document.name_,
                                     .reason = result.description()});
    return document;
}

ElementSpan Document::spanOf(pugi::xml_node element) const {
    const std::string_view text = *bytes_;
    ElementSpan span;
    span.begin = static_cast<std::size_t>(element.offset_debug()) - 1;
    span.contentBegin = behindTag(text, span.begin);
    span.selfClosing = text[span.contentBegin - 2] == '/';
    if (span.selfClosing) {
        span.contentEnd = span.end = span.contentBegin;
        return span;
    }
    span.contentEnd = endTagOf(text, span.contentBegin);
    span.end = behind(text, ">", span.contentEnd);
    return span;
}

std::size_t Document::lineOf(pugi::xml_node element) const {
    const auto begin = bytes_->begin();
    return static_cast<std::size_t>(std::count(begin, begin + element.offset_debug(), '\n')) + 1;
}

Error Document::errorAt(pugi::xml_node element, std::string action, std::string reason) const {
    return {.kind = ErrorKind::input,
            .action = std::move(action),
            .subject = name_,
            .line = lineOf(element),
            .reason = std::move(reason)};
}

bool isElement(pugi::xml_node node, std::string_view name) {
    if (node.type() != pugi::node_element || node.name() != name)
        return false;
    for (; node; node = node.parent())
        if (const auto declaration = node.attribute("xmlns"))
            return *declaration.value() == '\0';
    return true;
}

Result<pugi::xml_node> onlyChild(const Document& document, pugi::xml_node parent,
                                 std::string_view name) {
    pugi::xml_node found;
    for (const pugi::xml_node child : parent.children()) {
        if (!isElement(child, name))
            continue;
        if (found)
            return std::unexpected(document.errorAt(
                child, "read", fmt::format("a second <{}> in <{}>", name, parent.name())));
        found = child;
    }
    return found;
}

std::string textOf(pugi::xml_node element) {
    std::string text;
    for (const pugi::xml_node child : element.children())
        if (child.type() == pugi::node_pcdata || child.type() == pugi::node_cdata)
            text += child.value();
    constexpr std::string_view blank = " \t\r\n";
    const auto begin = text.find_first_not_of(blank);
    return begin == std::string::npos
               ? std::string()
               : text.substr(begin, text.find_last_not_of(blank) - begin + 1);
}

} // namespace hostcompat::xml
