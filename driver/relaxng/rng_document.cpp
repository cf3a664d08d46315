// SPDX-License-Identifier: LGPL-2.1-or-later
// Builds the tree from the scanner's events, and checks where each attribute is allowed.
#include "driver/relaxng/rng_document.hpp"

#include "driver/xml/scanner.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace hostcompat::relaxng {

namespace {

constexpr std::string_view rngNamespace = "http://relaxng.org/ns/structure/1.0";

constexpr std::array<std::pair<std::string_view, RngKind>, 28> kinds = {{
    {"ref", RngKind::ref},
    {"element", RngKind::element},
    {"attribute", RngKind::attribute},
    {"optional", RngKind::optional},
    {"value", RngKind::value},
    {"define", RngKind::define},
    {"choice", RngKind::choice},
    {"data", RngKind::data},
    {"param", RngKind::param},
    {"interleave", RngKind::interleave},
    {"group", RngKind::group},
    {"empty", RngKind::empty},
    {"text", RngKind::text},
    {"zeroOrMore", RngKind::zeroOrMore},
    {"oneOrMore", RngKind::oneOrMore},
    {"list", RngKind::list},
    {"mixed", RngKind::mixed},
    {"parentRef", RngKind::parentRef},
    {"notAllowed", RngKind::notAllowed},
    {"externalRef", RngKind::externalRef},
    {"grammar", RngKind::grammar},
    {"div", RngKind::div},
    {"include", RngKind::include},
    {"start", RngKind::start},
    {"anyName", RngKind::anyName},
    {"nsName", RngKind::nsName},
    {"name", RngKind::name},
    {"except", RngKind::except},
}};

/// Whether an attribute is allowed on this kind of element (specification, section 3).
bool belongs(RngKind kind, std::string_view attribute) {
    switch (kind) {
    case RngKind::element:
    case RngKind::attribute:
    case RngKind::ref:
    case RngKind::parentRef:
    case RngKind::param:
        return attribute == "name";
    case RngKind::define:
        return attribute == "name" || attribute == "combine";
    case RngKind::start:
        return attribute == "combine";
    case RngKind::value:
    case RngKind::data:
        return attribute == "type";
    case RngKind::externalRef:
    case RngKind::include:
        return attribute == "href";
    default:
        return false;
    }
}

bool holdsText(RngKind kind) {
    return kind == RngKind::value || kind == RngKind::param || kind == RngKind::name;
}

/// Replaces the five predefined entities and ASCII character references.
std::optional<std::string> resolve(std::string_view raw) {
    static constexpr std::array<std::pair<std::string_view, char>, 5> entities = {
        {{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}}};
    std::string result;
    while (!raw.empty()) {
        const std::size_t at = raw.find('&');
        result += raw.substr(0, at);
        if (at == std::string_view::npos)
            return result;
        const std::size_t end = raw.find(';', at);
        if (end == std::string_view::npos)
            return std::nullopt;
        std::string_view body = raw.substr(at + 1, end - at - 1);
        raw.remove_prefix(end + 1);
        if (body.starts_with('#')) {
            body.remove_prefix(1);
            const int base = body.starts_with('x') ? 16 : 10;
            if (base == 16)
                body.remove_prefix(1);
            unsigned code = 0;
            const auto [stop, error] =
                std::from_chars(body.data(), body.data() + body.size(), code, base);
            const bool legal = code == '\t' || code == '\n' || (code >= 0x20 && code < 0x7f);
            if (body.empty() || stop != body.data() + body.size() || error != std::errc{} || !legal)
                return std::nullopt;
            result += static_cast<char>(code);
            continue;
        }
        char replacement = 0;
        for (const auto& [name, byte] : entities)
            if (name == body)
                replacement = byte;
        if (replacement == 0)
            return std::nullopt;
        result += replacement;
    }
    return result;
}

class Builder {
public:
    static constexpr bool namespaces = true;
    static constexpr bool references = true;

    explicit Builder(RngDocument& document) : document_(document) {}

    bool startElement(std::string_view name, std::size_t) {
        RngNode node;
        bool known = false;
        for (const auto& [candidate, kind] : kinds) {
            if (candidate == name) {
                node.kind = kind;
                known = true;
                break;
            }
        }
        if (!known)
            return refuse("the element " + std::string(name));
        const auto number = static_cast<std::uint32_t>(document_.nodes.size());
        if (!open_.empty()) {
            const RngNode& parent = document_.nodes[open_.back().node];
            if (holdsText(parent.kind))
                return refuse("an element inside of text content");
            node.ns = parent.ns;
            node.datatypeLibrary = parent.datatypeLibrary;
            std::uint32_t& link = open_.back().last == RngNode::none
                                      ? document_.nodes[open_.back().node].firstChild
                                      : document_.nodes[open_.back().last].nextSibling;
            link = number;
            open_.back().last = number;
        }
        document_.nodes.push_back(node);
        open_.push_back({number, RngNode::none});
        return true;
    }

    bool attribute(std::string_view name, std::string_view raw) {
        std::string_view value = raw;
        if (raw.find('&') != std::string_view::npos) {
            auto text = resolve(raw);
            if (!text)
                return refuse("the reference in " + std::string(raw));
            value = document_.resolved.emplace_back(std::move(*text));
        }
        RngNode& node = document_.nodes.back();
        if (name == "xmlns") {
            if (open_.size() != 1 || value != rngNamespace)
                return refuse("the namespace " + std::string(value));
            declared_ = true;
            return true;
        }
        if (name == "ns") {
            node.ns = value;
            node.hasNs = true;
            return true;
        }
        if (name == "datatypeLibrary") {
            node.datatypeLibrary = value;
            return true;
        }
        if (!belongs(node.kind, name))
            return refuse("the attribute " + std::string(name));
        if (name == "href" ? value.empty() : name != "combine" && spaced(value))
            return refuse("the white space in " + std::string(value));
        (name == "name"      ? node.name
         : name == "type"    ? node.type
         : name == "combine" ? node.combine
                             : node.href) = value;
        return true;
    }

    bool text(std::string_view raw) {
        RngNode& node = document_.nodes[open_.back().node];
        if (!holdsText(node.kind))
            return refuse("text between elements");
        const auto begin = static_cast<std::size_t>(raw.data() - document_.source.data());
        if (begin != tagEnd_)
            return refuse("text divided by a comment");
        textEnd_ = begin + raw.size();
        if (raw.find('&') == std::string_view::npos) {
            node.text = raw;
            return true;
        }
        auto resolved = resolve(raw);
        if (!resolved)
            return refuse("the reference in " + std::string(raw));
        node.text = document_.resolved.emplace_back(std::move(*resolved));
        return true;
    }

    bool startTagEnd(std::size_t end, bool) {
        tagEnd_ = end;
        return true;
    }

    bool endElement(std::string_view, std::size_t begin, std::size_t) {
        const RngNode& node = document_.nodes[open_.back().node];
        if (!node.text.empty() && begin != textEnd_)
            return refuse("text divided by a comment");
        open_.pop_back();
        return true;
    }

    bool declared() const {
        return declared_;
    }
    const std::string& refusal() const {
        return refusal_;
    }

private:
    struct Open {
        std::uint32_t node;
        std::uint32_t last;
    };

    /// Whether a value has to be normalized before it is used, or is empty.
    static bool spaced(std::string_view value) {
        return value.empty() || std::ranges::any_of(value, [](char byte) {
                   return byte == ' ' || byte == '\t' || byte == '\n';
               });
    }

    bool refuse(std::string why) {
        refusal_ = std::move(why);
        return false;
    }

    RngDocument& document_;
    std::vector<Open> open_;
    std::size_t tagEnd_ = 0;
    std::size_t textEnd_ = 0;
    bool declared_ = false;
    std::string refusal_;
};

} // namespace

std::expected<std::unique_ptr<RngDocument>, std::string> readRng(std::string source) {
    auto document = std::make_unique<RngDocument>();
    document->source = std::move(source);
    document->nodes.reserve(document->source.size() / 40 + 8);
    Builder builder(*document);
    const xml::ScanResult result = xml::scan(document->source, builder);
    if (result.outcome == xml::Scan::stopped)
        return std::unexpected(builder.refusal());
    if (result.outcome != xml::Scan::complete)
        return std::unexpected("byte " + std::to_string(result.offset) + " of its text");
    if (!builder.declared())
        return std::unexpected("a root without RELAX NG's namespace");
    return document;
}

} // namespace hostcompat::relaxng
