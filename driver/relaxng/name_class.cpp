// SPDX-License-Identifier: LGPL-2.1-or-later
// Reads names, wildcards and their exceptions.
#include "driver/relaxng/name_class.hpp"

#include "driver/relaxng/datatype.hpp"

#include <algorithm>

namespace hostcompat::relaxng {

namespace {

NameClass single(AcceptorGrammar& grammar, std::string_view name, std::string_view ns) {
    static constexpr std::string_view rest = "-.0123456789";
    const auto letter = [](char byte) {
        return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_';
    };
    if (name.empty() || !letter(name.front()) || name == "xmlns" ||
        !std::ranges::all_of(name, [&](char byte) {
            return letter(byte) || rest.find(byte) != std::string_view::npos;
        }))
        throw Unknown{"the name " + std::string(name)};
    return named(grammar,
                 ns.empty() ? std::string(name) : "{" + std::string(ns) + "}" + std::string(name));
}

NameClass nameClass(AcceptorGrammar& grammar, Place place, bool inExcept) {
    using Kind = Patterns::NameNode::Kind;
    Patterns& p = grammar.patterns;
    const std::vector<Place> inner = children(place);
    switch (place->kind) {
    case RngKind::name:
        return single(grammar, normalizedSpace(place->text), place->ns);
    case RngKind::choice: {
        if (inner.empty())
            throw Unknown{"an empty choice of names"};
        NameClass result = nameClass(grammar, inner.back(), inExcept);
        for (std::size_t i = inner.size() - 1; i-- > 0;)
            result = p.nameClass(Kind::choice, nameClass(grammar, inner[i], inExcept), result);
        return result;
    }
    case RngKind::anyName:
    case RngKind::nsName: {
        if (inExcept)
            throw Unknown{"a wildcard in an except"};
        NameClass excepted = Patterns::noName;
        if (inner.size() > 1 || (!inner.empty() && inner.front()->kind != RngKind::except))
            throw Unknown{"a wildcard with other children than except"};
        if (!inner.empty()) {
            const std::vector<Place> names = children(inner.front());
            if (names.empty())
                throw Unknown{"an empty except"};
            for (const Place each : names)
                excepted = p.nameClass(Kind::choice, nameClass(grammar, each, true), excepted);
        }
        if (place->kind == RngKind::nsName && !place->ns.empty())
            return named(grammar, "{" + std::string(place->ns) + "}*");
        return p.nameClass(Kind::any, excepted);
    }
    default:
        throw Unknown{"an element or attribute without name class"};
    }
}

} // namespace

NameClass named(AcceptorGrammar& grammar, const std::string& name) {
    return grammar.patterns.nameClass(Patterns::NameNode::Kind::name, grammar.symbols.intern(name));
}

NameClass nameClassOf(AcceptorGrammar& grammar, Place place, std::string_view ns) {
    if (place->name)
        return single(grammar, *place->name, ns);
    if (place->firstChild == RngNode::none)
        throw Unknown{"an element or attribute without name"};
    return nameClass(grammar, {place.document, place->firstChild}, false);
}

} // namespace hostcompat::relaxng
