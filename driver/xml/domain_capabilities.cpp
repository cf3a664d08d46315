// SPDX-License-Identifier: LGPL-2.1-or-later
// Edits attributes in place, and splices the modes in.
#include "driver/xml/domain_capabilities.hpp"

#include "driver/text/utf8.hpp"
#include "driver/xml/splice.hpp"

#include <fmt/format.h>

#include <string_view>
#include <utility>

namespace hostcompat::xml {

namespace {

constexpr const char* kAction = "read the domain capabilities";

pugi::xml_document buildModes(model::ModeSet modes) {
    pugi::xml_document tree;
    pugi::xml_node element = tree.append_child("enum");
    element.append_attribute("name") = "compat";
    for (const unsigned number : modes.numbers())
        element.append_child("value").text().set(model::modeName(number).c_str());
    return tree;
}

bool isModes(pugi::xml_node node) {
    return isElement(node, "enum") && std::string_view(node.attribute("name").value()) == "compat";
}

/// Where the value of an attribute stands in the bytes: between its quotes.
std::pair<std::size_t, std::size_t> valueOf(const Document& document, pugi::xml_node element,
                                            std::string_view attribute) {
    const ElementSpan span = document.spanOf(element);
    const std::string_view bytes = document.bytes();
    std::size_t at = bytes.find_first_of(" \t\r\n", span.begin);
    for (;;) {
        const std::size_t name = bytes.find_first_not_of(" \t\r\n", at);
        const std::size_t nameEnd = bytes.find_first_of(" \t\r\n=", name);
        const std::size_t begin = bytes.find_first_of("'\"", nameEnd) + 1;
        const std::size_t end = bytes.find(bytes[begin - 1], begin);
        if (bytes.substr(name, nameEnd - name) == attribute)
            return {begin, end};
        at = end + 1;
    }
}

} // namespace

Result<DomainCapabilitiesDocument> DomainCapabilitiesDocument::read(std::string bytes,
                                                                    std::string name) {
    auto document = Document::read(std::move(bytes), std::move(name));
    if (!document)
        return std::unexpected(std::move(document.error()));
    const pugi::xml_node root = document->root();
    if (!isElement(root, "domainCapabilities"))
        return std::unexpected(document->errorAt(
            root, kAction,
            fmt::format("its root is <{}> and not <domainCapabilities>{}",
                        text::clipped(root.name()),
                        std::string_view(root.name()) == "capabilities"
                            ? "; 'virt-host-compat capabilities' completes this one"
                            : "")));
    if (const auto cpu = onlyChild(*document, root, "cpu"); !cpu)
        return std::unexpected(cpu.error());
    return DomainCapabilitiesDocument(std::move(*document));
}

std::string DomainCapabilitiesDocument::arch() const {
    return textOf(document_.root().child("arch"));
}

std::string DomainCapabilitiesDocument::domainType() const {
    return textOf(document_.root().child("domain"));
}

std::string DomainCapabilitiesDocument::machine() const {
    return textOf(document_.root().child("machine"));
}

pugi::xml_node DomainCapabilitiesDocument::mode(std::string_view name) const {
    for (const pugi::xml_node child : document_.root().child("cpu").children())
        if (isElement(child, "mode") && child.attribute("name").value() == name &&
            std::string_view(child.attribute("supported").value()) == "yes")
            return child;
    return {};
}

std::vector<std::string> DomainCapabilitiesDocument::customModels() const {
    std::vector<std::string> names;
    for (const pugi::xml_node child : mode("custom").children())
        if (isElement(child, "model") && child.attribute("usable"))
            names.push_back(textOf(child));
    return names;
}

std::string DomainCapabilitiesDocument::withAnswer(const DomainCapabilitiesAnswer& answer) const {
    const std::string_view bytes = document_.bytes();
    std::string edited;
    std::size_t kept = 0;
    for (const pugi::xml_node child : mode("custom").children()) {
        if (!isElement(child, "model") || !child.attribute("usable"))
            continue;
        const auto usable = answer.usable.find(textOf(child));
        if (usable == answer.usable.end())
            continue;
        const auto [begin, end] = valueOf(document_, child, "usable");
        edited += bytes.substr(kept, begin - kept);
        edited += usable->second ? "yes" : "no";
        kept = end;
    }
    edited += bytes.substr(kept);
    // Well formed as before, so that it can be read.
    auto again = read(edited, document_.name());
    const pugi::xml_node hostModel = again ? again->mode("host-model") : pugi::xml_node();
    if (!hostModel)
        return edited;
    const pugi::xml_document tree = buildModes(answer.modes);
    return withLastChild(again->document_, hostModel, tree.document_element(), isModes);
}

} // namespace hostcompat::xml
