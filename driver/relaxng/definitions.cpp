// SPDX-License-Identifier: LGPL-2.1-or-later
// Reads files, follows includes with their overrides, and combines definitions of the same name.
#include "driver/relaxng/definitions.hpp"

#include <utility>

namespace hostcompat::relaxng {

namespace {

constexpr std::string_view startName = ""; // no definition can have an empty name
constexpr std::size_t mostFiles = 64;
constexpr unsigned deepestInclude = 16;

void add(Definition& definition, Place place) {
    if (!place->combine) {
        if (definition.plain)
            throw Unknown{"two definitions of one name without combine"};
        definition.plain = true;
    } else {
        if (*place->combine != "choice" && *place->combine != "interleave")
            throw Unknown{"the combine " + std::string(*place->combine)};
        if (definition.combine && *definition.combine != *place->combine)
            throw Unknown{"two ways to combine one name"};
        definition.combine = place->combine;
    }
    definition.places.push_back(place);
}

} // namespace

std::vector<Place> children(Place place) {
    std::vector<Place> result;
    for (std::uint32_t child = place->firstChild; child != RngNode::none;
         child = place.document->nodes[child].nextSibling)
        result.push_back({place.document, child});
    return result;
}

void requireChildless(Place place) {
    if (place->firstChild != RngNode::none)
        throw Unknown{"children where none may be"};
}

void Definitions::read(RngText grammar, const RngLoader& load) {
    load_ = &load;
    const Place root = open(std::move(grammar));
    if (root->kind != RngKind::grammar)
        throw Unknown{"a root that is not grammar"};
    collect(children(root), byName_);
}

Definition& Definitions::start() {
    const auto found = byName_.find(startName);
    if (found == byName_.end())
        throw Unknown{"a grammar without start"};
    return found->second;
}

Definition& Definitions::referred(const RngNode& ref) {
    const auto found = ref.name ? byName_.find(*ref.name) : byName_.end();
    if (found == byName_.end())
        throw Unknown{"a ref to an undefined name"};
    return found->second;
}

Place Definitions::open(RngText text) {
    if (documents_.size() == mostFiles)
        throw Unknown{"more than 64 files"};
    where_ = text.name;
    names_.push_back(std::make_unique<std::string>(text.name));
    auto document = readRng(std::move(text.text));
    if (!document)
        throw Unknown{document.error()};
    documents_.push_back(std::move(*document));
    fileOf_[documents_.back().get()] = names_.back().get();
    return {documents_.back().get(), 0};
}

void Definitions::collect(const std::vector<Place>& places, ByName& definitions) {
    for (const Place place : places) {
        switch (place->kind) {
        case RngKind::div:
            collect(children(place), definitions);
            break;
        case RngKind::start:
        case RngKind::define: {
            if (place->kind == RngKind::define && !place->name)
                throw Unknown{"a define without name"};
            if (place->firstChild == RngNode::none)
                throw Unknown{"an empty definition"};
            add(definitions[place->kind == RngKind::start ? startName : *place->name], place);
            break;
        }
        case RngKind::include:
            include(place, definitions);
            break;
        default:
            throw Unknown{"an element in grammar that is not a definition"};
        }
    }
}

void Definitions::include(Place place, ByName& definitions) {
    if (!place->href)
        throw Unknown{"an include without href"};
    if (++depth_ > deepestInclude)
        throw Unknown{"includes nested deeper than 16"};
    auto text = (*load_)(*place->href, *fileOf_.at(place.document));
    if (!text)
        throw Unknown{text.error()};
    const Place root = open(std::move(*text));
    if (root->kind != RngKind::grammar)
        throw Unknown{"an included file that is not a grammar"};
    ByName included;
    collect(children(root), included);
    ByName overriding;
    for (const Place child : children(place))
        if (child->kind == RngKind::include)
            throw Unknown{"an include in an include"};
    collect(children(place), overriding);
    for (const auto& [name, definition] : overriding)
        if (included.erase(name) == 0)
            throw Unknown{"an override of an undefined name"};
    for (const ByName* group : {&included, &overriding})
        for (const auto& [name, definition] : *group)
            for (const Place each : definition.places)
                add(definitions[name], each);
    --depth_;
}

} // namespace hostcompat::relaxng
