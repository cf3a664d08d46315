// SPDX-License-Identifier: LGPL-2.1-or-later
// Edits start tags and elements in place. The document is well formed.
#include "driver/xml/pin_edit.hpp"

#include "driver/xml/attribute_span.hpp"
#include "driver/xml/layout.hpp"

#include <fmt/format.h>

namespace hostcompat::xml {

namespace {

constexpr std::string_view kBlank = " \t\r\n";

void removeAttribute(std::string& tag, std::string_view name) {
    if (const auto found = findAttribute(tag, name))
        tag.erase(found->begin, found->end - found->begin);
}

void setAttribute(std::string& tag, std::string_view name, std::string_view value) {
    if (const auto found = findAttribute(tag, name)) {
        tag.replace(found->valueBegin, found->end - 1 - found->valueBegin, value);
        return;
    }
    tag.insert(tag.find_first_of(" \t\r\n/>"), fmt::format(" {}='{}'", name, value));
}

std::string startTag(const Document& document, const ElementSpan& span) {
    return document.bytes().substr(span.begin, span.contentBegin - span.begin);
}

/// Changes "<cpu a='b' />" to "<cpu a='b'>".
void openTag(std::string& tag) {
    tag.resize(tag.find_last_not_of(kBlank, tag.size() - 3) + 1);
    tag += '>';
}

std::string modelElement(const Document& document, pugi::xml_node model, std::string_view mode) {
    if (!model)
        return fmt::format("<model>{}</model>", mode);
    const ElementSpan span = document.spanOf(model);
    std::string tag = startTag(document, span);
    if (span.selfClosing)
        openTag(tag);
    removeAttribute(tag, "vendor_id");
    return fmt::format("{}{}</{}>", tag, mode, model.name());
}

std::size_t lastChildOf(const Document& document, pugi::xml_node element) {
    std::size_t last = std::string_view::npos;
    for (const pugi::xml_node child : element.children())
        if (child.type() == pugi::node_element)
            last = document.spanOf(child).begin;
    return last;
}

/// The indentation of the parent of the elements that the layout describes.
std::string outerIndent(const Layout& layout) {
    return layout.indent.substr(0, layout.indent.size() -
                                       std::min(layout.indent.size(), layout.step.size()));
}

/// The text of an existing <cpu> after the edit.
std::string editedCpu(const DomainDocument& domain, const ElementSpan& span,
                      std::string_view mode) {
    const Document& document = domain.document();
    const std::string_view bytes = document.bytes();
    std::string tag = startTag(document, span);
    if (span.selfClosing)
        openTag(tag);
    removeAttribute(tag, "match");
    removeAttribute(tag, "migratable");
    setAttribute(tag, "mode", "host-model");
    const std::string model = modelElement(document, domain.model(), mode);
    std::string content;
    std::size_t kept = span.contentBegin;
    for (const pugi::xml_node child : domain.cpu().children()) {
        const bool refused = isElement(child, "cache") || isElement(child, "maxphysaddr");
        if (child != domain.model() && !refused)
            continue;
        const ElementSpan old = document.spanOf(child);
        std::string_view before = bytes.substr(kept, old.begin - kept);
        if (refused)
            before = before.substr(0, before.find_last_not_of(kBlank) + 1);
        content += before;
        content += refused ? "" : model;
        kept = old.end;
    }
    content += bytes.substr(kept, span.contentEnd - kept);
    if (domain.model())
        return fmt::format("{}{}</cpu>", tag, content);
    const Layout layout = layoutOfChildren(bytes, span.begin, lastChildOf(document, domain.cpu()));
    const bool needsBreak = content.empty() && !layout.lineBreak.empty();
    return fmt::format("{}{}{}{}{}{}</cpu>", tag, layout.lineBreak, layout.indent, model, content,
                       needsBreak ? layout.lineBreak + outerIndent(layout) : std::string());
}

/// The element after which a new <cpu> is inserted.
pugi::xml_node anchorOf(pugi::xml_node root) {
    pugi::xml_node anchor;
    for (const pugi::xml_node child : root.children())
        if (isElement(child, "features") || (isElement(child, "os") && !anchor))
            anchor = child;
    return anchor;
}

} // namespace

std::string withPinnedMode(const DomainDocument& domain, std::string_view mode) {
    const Document& document = domain.document();
    const std::string_view bytes = document.bytes();
    const DomainCpu& cpu = domain.domain().cpu;
    if (cpu.mode == CpuMode::hostModel && cpu.model == mode && !cpu.vendorId && !cpu.migratable &&
        (!cpu.match || isCpuMatch(*cpu.match)) && !cpu.hasCache && !cpu.hasMaximumAddress)
        return std::string(bytes);
    if (domain.cpu()) {
        const ElementSpan span = document.spanOf(domain.cpu());
        return fmt::format("{}{}{}", bytes.substr(0, span.begin), editedCpu(domain, span, mode),
                           bytes.substr(span.end));
    }
    const ElementSpan anchor = document.spanOf(anchorOf(document.root()));
    const Layout layout =
        layoutOfChildren(bytes, document.spanOf(document.root()).begin, anchor.begin);
    const std::string inner =
        layout.lineBreak.empty() ? "" : layout.lineBreak + layout.indent + layout.step;
    return fmt::format("{}{}{}<cpu mode='host-model'>{}<model>{}</model>{}{}</cpu>{}",
                       bytes.substr(0, anchor.end), layout.lineBreak, layout.indent, inner, mode,
                       layout.lineBreak, layout.indent, bytes.substr(anchor.end));
}

} // namespace hostcompat::xml
