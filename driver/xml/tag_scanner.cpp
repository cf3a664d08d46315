// SPDX-License-Identifier: LGPL-2.1-or-later
// Scans tags, their attributes and namespaces.
#include "driver/text/utf8.hpp"
#include "driver/xml/characters.hpp"
#include "driver/xml/document_scanner.hpp"
#include "driver/xml/namespace_name.hpp"
#include "driver/xml/well_formed.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace hostcompat::xml {

namespace {

constexpr std::string_view kXmlUri = "http://www.w3.org/XML/1998/namespace";
constexpr std::string_view kXmlnsUri = "http://www.w3.org/2000/xmlns/";

std::string_view prefixOf(std::string_view name) {
    const auto colon = name.find(':');
    return colon == std::string_view::npos ? std::string_view() : name.substr(0, colon);
}

std::string_view localNameOf(std::string_view name) {
    const auto colon = name.find(':');
    return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

bool isQualifiedName(std::string_view name) {
    const auto colon = name.find(':');
    return isNcName(localNameOf(name)) &&
           (colon == std::string_view::npos || isNcName(name.substr(0, colon)));
}

} // namespace

bool DocumentScanner::attribute(std::string_view element, std::size_t start) {
    const auto name = scanName();
    if (name.empty() || !isQualifiedName(name))
        return fail(start, name.empty()
                               ? fmt::format("the tag <{}> is malformed", text::clipped(element))
                               : fmt::format("'{}' is not a valid name of an attribute",
                                             text::clipped(name)));
    skipSpace();
    if (!skip("="))
        return fail(start, fmt::format("attribute '{}' of <{}> has no value", text::clipped(name),
                                       text::clipped(element)));
    skipSpace();
    const char quote = peek();
    if (quote != '"' && quote != '\'')
        return fail(start, fmt::format("the value of attribute '{}' of <{}> is not in quotes",
                                       text::clipped(name), text::clipped(element)));
    const std::size_t value = ++at_;
    for (; peek() != quote; ++at_) {
        if (atEnd() || peek() == '<')
            return fail(
                start,
                fmt::format("the value of attribute '{}' of <{}> is not closed, or contains '<'",
                            text::clipped(name), text::clipped(element)));
        if (peek() == '&') {
            if (!reference())
                return false;
            --at_;
        }
    }
    if (!countNode())
        return false;
    attributes_.push_back({name, bytes_.substr(value, at_ - value)});
    ++at_;
    if (attributes_.size() > kMaximumAttributes)
        return fail(start, fmt::format("<{}> has more than {} attributes", text::clipped(element),
                                       kMaximumAttributes));
    return true;
}

bool DocumentScanner::startTag() {
    const std::size_t start = at_++;
    const auto element = scanName();
    if (element.empty() || isDigit(element.front()))
        return fail(start, "'<' does not begin a tag", "write '&lt;' instead");
    if (!isQualifiedName(element))
        return fail(start,
                    fmt::format("'{}' is not a valid name of an element", text::clipped(element)));
    if (!countNode())
        return false;
    attributes_.clear();
    for (;;) {
        const bool spaced = skipSpace();
        if (atEnd())
            return fail(start, fmt::format("the tag <{}> is not closed", text::clipped(element)));
        if (peek() == '>' || peek() == '/')
            break;
        if (!spaced)
            return fail(start, fmt::format("the tag <{}> is malformed", text::clipped(element)));
        if (!attribute(element, start))
            return false;
    }
    open_.push_back(element);
    if (open_.size() > kMaximumDepth)
        return fail(start, fmt::format("elements are nested deeper than {}", kMaximumDepth));
    if (!attributesAreUnique(element, start) || !declareNamespaces(start) ||
        !prefixesAreDeclared(element, start))
        return false;
    if (skip("/>"))
        closeElement();
    else if (!skip(">"))
        return fail(start, fmt::format("the tag <{}> is malformed", text::clipped(element)));
    return true;
}

bool DocumentScanner::endTag() {
    const std::size_t start = at_;
    at_ += 2;
    const auto element = scanName();
    skipSpace();
    if (element != open_.back())
        return fail(start, fmt::format("</{}> was found where <{}> of line {} must be closed",
                                       text::clipped(element), text::clipped(open_.back()),
                                       lineAt(offsetOf(open_.back()))));
    if (!skip(">"))
        return fail(start, fmt::format("the tag </{}> is not closed", text::clipped(element)));
    closeElement();
    return true;
}

void DocumentScanner::closeElement() {
    while (!namespaces_.empty() && namespaces_.back().depth == open_.size())
        namespaces_.pop_back();
    open_.pop_back();
}

bool DocumentScanner::attributesAreUnique(std::string_view element, std::size_t start) {
    if (attributes_.size() < 2)
        return true;
    // With many attributes, sorting takes less time than comparing each pair.
    sorted_.clear();
    for (const ScannedAttribute& attribute : attributes_)
        sorted_.push_back(attribute.name);
    std::ranges::sort(sorted_);
    const auto twice = std::ranges::adjacent_find(sorted_);
    return twice == sorted_.end() ||
           fail(start, fmt::format("attribute '{}' of <{}> is given twice", text::clipped(*twice),
                                   text::clipped(element)));
}

bool DocumentScanner::declareNamespaces(std::size_t start) {
    for (const ScannedAttribute& attribute : attributes_) {
        const bool isDefault = attribute.name == "xmlns";
        if (!isDefault && prefixOf(attribute.name) != "xmlns")
            continue;
        const auto prefix = isDefault ? std::string_view() : localNameOf(attribute.name);
        const bool reserved = prefix == "xmlns" || attribute.value == kXmlnsUri ||
                              (prefix == "xml") != (attribute.value == kXmlUri);
        if (reserved)
            return fail(start, fmt::format("'{}' declares a namespace that is reserved",
                                           text::clipped(attribute.name)));
        if (!isDefault && attribute.value.empty())
            return fail(start, fmt::format("'{}' declares an empty namespace",
                                           text::clipped(attribute.name)));
        if (!isNamespaceName(attribute.value))
            return fail(start, fmt::format("'{}' declares a namespace whose name is not a URI",
                                           text::clipped(attribute.name)));
        namespaces_.push_back({prefix, attribute.value, open_.size()});
        if (namespaces_.size() > kMaximumNamespaces)
            return fail(start, fmt::format("more than {} namespace declarations are in force",
                                           kMaximumNamespaces));
    }
    return true;
}

const ScannedNamespace* DocumentScanner::findNamespace(std::string_view prefix) const {
    for (auto found = namespaces_.rbegin(); found != namespaces_.rend(); ++found)
        if (found->prefix == prefix)
            return &*found;
    return nullptr;
}

bool DocumentScanner::prefixesAreDeclared(std::string_view element, std::size_t start) {
    const auto isUndeclared = [&](std::string_view name) {
        const auto prefix = prefixOf(name);
        return !prefix.empty() && prefix != "xml" && !findNamespace(prefix);
    };
    if (isUndeclared(element) || prefixOf(element) == "xmlns")
        return fail(start,
                    fmt::format("the prefix of <{}> is not declared", text::clipped(element)));
    expanded_.clear();
    for (const ScannedAttribute& attribute : attributes_) {
        const auto prefix = prefixOf(attribute.name);
        if (prefix.empty() || prefix == "xmlns")
            continue;
        if (isUndeclared(attribute.name))
            return fail(start, fmt::format("the prefix of attribute '{}' of <{}> is not declared",
                                           text::clipped(attribute.name), text::clipped(element)));
        const auto uri = prefix == "xml" ? kXmlUri : findNamespace(prefix)->uri;
        expanded_.emplace_back(localNameOf(attribute.name), uri);
    }
    std::ranges::sort(expanded_);
    const auto twice = std::ranges::adjacent_find(expanded_);
    return twice == expanded_.end() ||
           fail(start, fmt::format("attribute '{}' of <{}> is given twice, under two prefixes",
                                   text::clipped(twice->first), text::clipped(element)));
}

} // namespace hostcompat::xml
