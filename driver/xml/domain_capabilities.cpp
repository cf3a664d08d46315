// SPDX-License-Identifier: LGPL-2.1-or-later
// Edits attributes in place, and inserts the modes.
#include "driver/xml/domain_capabilities.hpp"

#include "driver/text/utf8.hpp"
#include "driver/xml/attribute_span.hpp"
#include "driver/xml/domain.hpp"
#include "driver/xml/splice.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

namespace hostcompat::xml {

namespace {

constexpr const char* kReadDomainCapabilities = "read the domain capabilities";

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

/// Whether the value of usable is one that libvirt writes.
bool isCustomModel(pugi::xml_node node) {
    const std::string_view usable = node.attribute("usable").value();
    return isElement(node, "model") && (usable == "unknown" || usable == "yes" || usable == "no");
}

/// The <mode> of that name in <cpu> if it is supported.
/// Errors: kind input if there is a second one of that name.
Result<pugi::xml_node> onlyMode(const Document& document, pugi::xml_node cpu,
                                std::string_view name) {
    pugi::xml_node found;
    for (const pugi::xml_node child : cpu.children()) {
        if (!isElement(child, "mode") || child.attribute("name").value() != name)
            continue;
        if (found)
            return std::unexpected(
                document.errorAt(child, kReadDomainCapabilities,
                                 fmt::format("a second <mode name='{}'> in <cpu>", name)));
        found = child;
    }
    const bool supported = std::string_view(found.attribute("supported").value()) == "yes";
    return supported ? found : pugi::xml_node();
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
            root, kReadDomainCapabilities,
            fmt::format("its root is <{}> and not <domainCapabilities>{}",
                        text::clipped(root.name()),
                        std::string_view(root.name()) == "capabilities"
                            ? "; 'virt-host-compat capabilities' completes this one"
                            : "")));
    Parts parts;
    for (const auto& [part, element] :
         {std::pair(&Parts::arch, "arch"), std::pair(&Parts::domain, "domain"),
          std::pair(&Parts::machine, "machine"), std::pair(&Parts::cpu, "cpu")}) {
        const auto found = onlyChild(*document, root, element);
        if (!found)
            return std::unexpected(found.error());
        parts.*part = *found;
    }
    for (const auto& [part, mode] :
         {std::pair(&Parts::custom, "custom"), std::pair(&Parts::hostModel, "host-model")}) {
        const auto found = onlyMode(*document, parts.cpu, mode);
        if (!found)
            return std::unexpected(found.error());
        parts.*part = *found;
    }
    return DomainCapabilitiesDocument(std::move(*document), parts);
}

std::string DomainCapabilitiesDocument::arch() const {
    return textOf(parts_.arch);
}

std::string DomainCapabilitiesDocument::domainType() const {
    return textOf(parts_.domain);
}

std::string DomainCapabilitiesDocument::machine() const {
    return textOf(parts_.machine);
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

std::vector<std::string> DomainCapabilitiesDocument::customModels() const {
    std::vector<std::string> names;
    for (const pugi::xml_node child : parts_.custom.children())
        if (isCustomModel(child))
            names.push_back(textOf(child));
    return names;
}

bool DomainCapabilitiesDocument::hasModes() const {
    return std::ranges::any_of(parts_.hostModel.children(), isModes);
}

std::string DomainCapabilitiesDocument::withUsable(const DomainCapabilitiesAnswer& answer,
                                                   const ElementSpan& custom) const {
    const std::string_view bytes = document_.bytes();
    std::string edited;
    std::size_t kept = custom.begin;
    for (const pugi::xml_node child : parts_.custom.children()) {
        if (!isCustomModel(child))
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
        kept = span.begin + attribute->end - 1; // the position of its last quote
    }
    edited += bytes.substr(kept, custom.end - kept);
    return edited;
}

std::string DomainCapabilitiesDocument::withAnswer(const DomainCapabilitiesAnswer& answer) const {
    struct Replaced {
        ElementSpan span;
        std::string by;
    };
    std::vector<Replaced> replaced;
    if (parts_.custom) {
        const ElementSpan span = document_.spanOf(parts_.custom);
        replaced.push_back({span, withUsable(answer, span)});
    }
    if (parts_.hostModel) {
        const pugi::xml_document tree = buildModes(answer.modes);
        replaced.push_back(
            {document_.spanOf(parts_.hostModel),
             elementWithLastChild(document_, parts_.hostModel, tree.document_element(), isModes)});
    }
    std::ranges::sort(replaced, {}, [](const Replaced& each) { return each.span.begin; });
    const std::string_view bytes = document_.bytes();
    std::string edited;
    std::size_t kept = 0;
    for (const Replaced& each : replaced) {
        edited += bytes.substr(kept, each.span.begin - kept);
        edited += each.by;
        kept = each.span.end;
    }
    edited += bytes.substr(kept);
    return edited;
}

} // namespace hostcompat::xml
