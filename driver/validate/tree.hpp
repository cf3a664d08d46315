// SPDX-License-Identifier: LGPL-2.1-or-later
// Helpers for libxml2's trees.
#pragma once

#include <libxml/tree.h>

#include <optional>
#include <string>
#include <string_view>

namespace hostcompat::validate::tree {

inline std::string_view text(const xmlChar* chars) {
    return chars ? std::string_view(reinterpret_cast<const char*>(chars)) : std::string_view();
}

/// An element in no namespace, of that name.
inline bool isPlain(const xmlNode* node, std::string_view name) {
    return node->type == XML_ELEMENT_NODE && !node->ns && text(node->name) == name;
}

/// The first element at or after the node, among its siblings; null if there is none.
inline xmlNode* elementFrom(xmlNode* node) {
    while (node && node->type != XML_ELEMENT_NODE)
        node = node->next;
    return node;
}

/// The next element in document order, or null at the end.
inline const xmlNode* nextElement(const xmlNode* node) {
    if (const xmlNode* child = elementFrom(node->children))
        return child;
    for (; node && node->type == XML_ELEMENT_NODE; node = node->parent)
        if (const xmlNode* next = elementFrom(node->next))
            return next;
    return nullptr;
}

/// The name with its prefix, as written.
template <typename Node>
std::string writtenName(const Node* node) {
    std::string name(text(node->name));
    if (node->ns && node->ns->prefix)
        name = std::string(text(node->ns->prefix)) + ":" + name;
    return name;
}

/// An attribute's value; every entity of a document from parseSafely() is a character already.
inline std::string value(const xmlAttr* attribute) {
    std::string joined;
    for (const xmlNode* part = attribute->children; part; part = part->next)
        joined += text(part->content);
    return joined;
}

/// The value of an attribute in no namespace, where the element has it.
inline std::optional<std::string> plainAttribute(const xmlNode* node, std::string_view name) {
    for (const xmlAttr* attribute = node->properties; attribute; attribute = attribute->next)
        if (!attribute->ns && text(attribute->name) == name)
            return value(attribute);
    return std::nullopt;
}

/// The text that stands in the element itself.
inline std::string ownText(const xmlNode* node) {
    std::string joined;
    for (const xmlNode* child = node->children; child; child = child->next)
        if (child->type == XML_TEXT_NODE || child->type == XML_CDATA_SECTION_NODE)
            joined += text(child->content);
    return joined;
}

/// Whether the node is text that is more than white space.
inline bool isWrittenText(const xmlNode* node) {
    return (node->type == XML_TEXT_NODE || node->type == XML_CDATA_SECTION_NODE) &&
           text(node->content).find_first_not_of(" \t\r\n") != std::string_view::npos;
}

} // namespace hostcompat::validate::tree
