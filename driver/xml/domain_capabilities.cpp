// SPDX-License-Identifier: LGPL-2.1-or-later
// Edits attributes in place, and splices the modes in.
#include "driver/xml/domain_capabilities.hpp"

#include "driver/text/utf8.hpp"
#include "driver/xml/attribute_span.hpp"
#include "driver/xml/domain.hpp"
#include "driver/xml/splice.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

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

std::string DomainCapabilitiesDocument::whyNotOfModes() const {
    if (const std::string name = arch(); !isPowerArch(name))
        return fmt::format("it is for the architecture {}, but only ppc64 and ppc64le have "
                           "compatibility modes",
                           text::clipped(name));
    if (const std::string type = domainType(); type != "kvm")
        return fmt::format("it is for domains of type {}, not kvm", text::clipped(type));
    if (const std::string type = machine(); !isPseriesMachine(type))
        return fmt::format(
            "it is for the machine type {}, but only pseries has compatibility modes",
            text::clipped(type));
    return {};
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

bool DomainCapabilitiesDocument::hasModes() const {
    return std::ranges::any_of(mode("host-model").children(), isModes);
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
        const ElementSpan span = document_.spanOf(child);
        const auto attribute =
            findAttribute(bytes.substr(span.begin, span.contentBegin - span.begin), "usable");
        if (!attribute)
            continue;
        const std::size_t begin = span.begin + attribute->valueBegin;
        edited += bytes.substr(kept, begin - kept);
        edited += usable->second ? "yes" : "no";
        kept = span.begin + attribute->end - 1; // of its last quote
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
