// SPDX-License-Identifier: LGPL-2.1-or-later
// Reads <compat> from a capabilities document, and inserts it.
#include "driver/xml/capabilities.hpp"

#include "driver/text/utf8.hpp"
#include "driver/xml/domain.hpp"
#include "driver/xml/splice.hpp"

#include <fmt/format.h>

namespace hostcompat::xml {

namespace {

constexpr const char* kReadCapabilities = "read the capabilities document";

/// The only child of that name. It must exist.
Result<pugi::xml_node> requiredChild(const Document& document, pugi::xml_node parent,
                                     std::string_view name) {
    auto child = onlyChild(document, parent, name);
    if (child && !*child)
        return std::unexpected(document.errorAt(
            parent, kReadCapabilities, fmt::format("<{}> has no <{}>", parent.name(), name)));
    return child;
}

pugi::xml_document buildCompat(const model::KnownCompat& compat) {
    pugi::xml_document tree;
    pugi::xml_node element = tree.append_child("compat");
    element.append_attribute("source") = compat.source.c_str();
    for (const unsigned number : (compat.supported | compat.refused).numbers()) {
        pugi::xml_node child = element.append_child("mode");
        child.append_attribute("name") = model::modeName(number).c_str();
        child.append_attribute("supported") = compat.supported.contains(number) ? "yes" : "no";
    }
    return tree;
}

Result<void> readMode(const Document& document, pugi::xml_node element, model::KnownCompat& known) {
    const auto refuse = [&](std::string reason) -> Result<void> {
        return std::unexpected(document.errorAt(element, kReadCapabilities, std::move(reason)));
    };
    const std::string_view name = element.attribute("name").value();
    const std::string_view answer = element.attribute("supported").value();
    if (name.empty())
        return refuse("a <mode> has no name");
    if (answer != "yes" && answer != "no")
        return refuse(fmt::format("the mode {} has supported='{}', which is neither yes nor no",
                                  name, answer));
    const auto number = model::modeNumber(name);
    if (!number)
        return {};
    if ((known.supported | known.refused).contains(*number))
        return refuse(fmt::format("the mode {} appears twice", name));
    (answer == "yes" ? known.supported : known.refused).insert(*number);
    return {};
}

} // namespace

Result<CapabilitiesDocument> CapabilitiesDocument::read(std::string bytes, std::string name) {
    auto document = Document::read(std::move(bytes), std::move(name));
    if (!document)
        return std::unexpected(std::move(document.error()));
    const pugi::xml_node root = document->root();
    if (!isElement(root, "capabilities"))
        return std::unexpected(document->errorAt(
            root, kReadCapabilities,
            fmt::format("its root is <{}>{} and not <capabilities>", root.name(),
                        std::string_view(root.name()) == "capabilities" ? " in a namespace" : "")));
    const auto host = requiredChild(*document, root, "host");
    if (!host)
        return std::unexpected(host.error());
    const auto cpu = requiredChild(*document, *host, "cpu");
    if (!cpu)
        return std::unexpected(cpu.error());
    return CapabilitiesDocument(std::move(*document), *cpu);
}

std::string CapabilitiesDocument::arch() const {
    return textOf(cpu_.child("arch"));
}

std::string CapabilitiesDocument::model() const {
    return textOf(cpu_.child("model"));
}

Result<model::HostCompat> CapabilitiesDocument::compat() const {
    const auto element = onlyChild(document_, cpu_, "compat");
    if (!element)
        return std::unexpected(element.error());
    if (const std::string hostArch = arch(); !hostArch.empty() && !isPowerArch(hostArch))
        return model::HostCompat{
            .reason = fmt::format("{} describes a host of architecture {}, which has no POWER "
                                  "compatibility modes",
                                  document_.name(), text::clipped(hostArch))};
    if (!*element)
        return model::HostCompat{
            .reason =
                fmt::format("{} has no <compat> in /capabilities/host/cpu: it does not say which "
                            "modes the host supports",
                            document_.name())};
    const std::string_view source = element->attribute("source").value();
    if (source.empty())
        return std::unexpected(document_.errorAt(*element, kReadCapabilities,
                                                 "<compat> has no source, or an empty one"));
    if (!model::isSourceWord(source))
        return std::unexpected(
            document_.errorAt(*element, kReadCapabilities,
                              fmt::format("the source '{}' of <compat> is not one word", source)));
    model::KnownCompat known{.source = std::string(source)};
    for (const pugi::xml_node child : element->children())
        if (isElement(child, "mode"))
            if (auto read = readMode(document_, child, known); !read)
                return std::unexpected(std::move(read.error()));
    return model::limitedTo(model::withoutDoubtful({.known = std::move(known)}),
                            model::generationOfCpuModel(this->model()));
}

std::string CapabilitiesDocument::withCompat(const model::KnownCompat& compat) const {
    const pugi::xml_document tree = buildCompat(compat);
    const std::string_view bytes = document_.bytes();
    const ElementSpan span = document_.spanOf(cpu_);
    return fmt::format(
        "{}{}{}", bytes.substr(0, span.begin),
        elementWithLastChild(document_, cpu_, tree.document_element(),
                             [](pugi::xml_node child) { return isElement(child, "compat"); }),
        bytes.substr(span.end));
}

} // namespace hostcompat::xml
