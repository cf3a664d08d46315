// SPDX-License-Identifier: LGPL-2.1-or-later
// Values, datatypes with their parameters, lists and choices of them.
#include "driver/relaxng/value.hpp"

#include <algorithm>
#include <utility>

namespace hostcompat::relaxng {

namespace {

constexpr std::string_view xsdLibrary = "http://www.w3.org/2001/XMLSchema-datatypes";

/// Only checks the form of an <except>: libxml2 decides what it excludes.
void exception(Place place) {
    if (place->kind == RngKind::choice)
        for (const Place each : children(place))
            exception(each);
    else if (place->kind != RngKind::value ||
             (place->type && *place->type != "token" && *place->type != "string"))
        throw Unknown{"an except that is not a value"};
}

} // namespace

Expression ValueCompiler::expression(Place place, bool inList) {
    Expressions& e = grammar_.expressions;
    const RngNode& node = *place;
    switch (node.kind) {
    case RngKind::value:
        return value(node);
    case RngKind::data:
        return data(place);
    case RngKind::text:
        if (inList)
            throw Unknown{"text in a list"};
        requireChildless(place);
        return Expressions::anything;
    case RngKind::empty:
        requireChildless(place);
        return Expressions::emptyString;
    case RngKind::notAllowed:
        requireChildless(place);
        return e.never();
    case RngKind::choice:
    case RngKind::optional:
        return alternatives(place, inList);
    case RngKind::ref:
        return referred(place, inList);
    case RngKind::list:
        if (inList)
            throw Unknown{"a list in a list"};
        return list(place);
    default:
        throw Unknown{"an unsupported construct in a value"};
    }
}

Expression ValueCompiler::alternatives(Place place, bool inList) {
    Expressions& e = grammar_.expressions;
    const std::vector<Place> inner = children(place);
    if (inner.empty() || (inner.size() > 1 && place->kind == RngKind::optional))
        throw Unknown{"a choice of values without values"};
    Expression result =
        place->kind == RngKind::optional ? Expressions::emptyString : Expressions::nothing;
    for (const Place each : inner)
        result = e.either(result, expression(each, inList));
    return result;
}

Expression ValueCompiler::referred(Place place, bool inList) {
    Expressions& e = grammar_.expressions;
    Definition& wanted = definitions_.referred(*place);
    if (wanted.value)
        return *wanted.value;
    if (wanted.places.size() != 1 || children(wanted.places.front()).size() != 1) {
        if (!wanted.combine || wanted.combine == "interleave")
            throw Unknown{"a value made of several patterns"};
    }
    if (std::ranges::find(busy_, &wanted) != busy_.end())
        throw Unknown{"a definition that contains itself"};
    busy_.push_back(&wanted);
    Expression result = Expressions::nothing;
    for (const Place each : wanted.places) {
        const std::vector<Place> inner = children(each);
        if (inner.size() != 1)
            throw Unknown{"a value made of several patterns"};
        result = e.either(result, expression(inner.front(), inList));
    }
    busy_.pop_back();
    wanted.value = result;
    return result;
}

Expression ValueCompiler::list(Place place) {
    Expressions& e = grammar_.expressions;
    Expression items = Expressions::emptyString;
    const std::vector<Place> inner = children(place);
    for (const Place each : inner) {
        items = e.sequence(items, tokens(each));
        // libxml2 is greedy: a repeated part takes all the tokens that it can, and libxml2 does not
        // backtrack.
        if (each->kind != RngKind::value && each->kind != RngKind::data && inner.size() > 1) {
            grammar_.note("lists of several parts");
            items = e.never();
        }
    }
    // Each token is written with one space before it. The list does not begin with a space, so
    // remove the first one.
    const Expression result = e.derive(items, ' ');
    return result == Expressions::nothing ? e.never() : result;
}

/// A part of a list, with a space before each token.
Expression ValueCompiler::tokens(Place place) {
    Expressions& e = grammar_.expressions;
    const auto one = [&] {
        const std::vector<Place> inner = children(place);
        if (inner.size() != 1 || inner.front()->kind == RngKind::oneOrMore ||
            inner.front()->kind == RngKind::zeroOrMore)
            throw Unknown{"a repetition of several parts in a list"};
        return tokens(inner.front());
    };
    switch (place->kind) {
    case RngKind::oneOrMore:
    case RngKind::zeroOrMore:
        return e.repeat(one(), 1, Expressions::unbounded);
    case RngKind::choice: {
        Expression result = Expressions::nothing;
        for (const Place each : children(place)) {
            if (each->kind != RngKind::value && each->kind != RngKind::data)
                throw Unknown{"a choice of parts in a list"};
            result = e.either(result, tokens(each));
        }
        return result;
    }
    case RngKind::value:
    case RngKind::data: {
        ByteSet visible;
        visible.add(0x21, 0x7e);
        const Expression token =
            e.both(expression(place, true), e.repeat(e.set(visible), 1, Expressions::unbounded));
        return e.sequence(e.literal(" "), token);
    }
    default:
        throw Unknown{"an unsupported construct in a list"};
    }
}

Expression ValueCompiler::value(const RngNode& node) {
    Expressions& e = grammar_.expressions;
    const bool xsd = node.type && node.datatypeLibrary == xsdLibrary;
    if (node.type && !xsd && !node.datatypeLibrary.empty())
        throw Unknown{"the datatype library " + std::string(node.datatypeLibrary)};
    const std::string_view type = node.type.value_or("token");
    if (!datatype(xsd, type, {}).exists)
        throw Unknown{"the type " + std::string(type)};
    if (type == "token" && !normalizedSpace(node.text).empty())
        return e.literal(normalizedSpace(node.text));
    if (type == "string" && !node.text.empty())
        return e.literal(node.text);
    grammar_.note("values of type " + std::string(type));
    return e.never();
}

const Datatype& ValueCompiler::datatype(bool xsd, std::string_view type,
                                        const std::vector<Facet>& facets) {
    // Grammars use a few types many times, and some types take hundreds of expressions, so cache
    // them.
    std::string key(xsd ? "x" : "-");
    key += type;
    for (const Facet& facet : facets)
        ((key += '\0') += facet.name).append(1, '\0') += facet.value;
    const auto [entry, added] = datatypes_.try_emplace(std::move(key));
    if (added)
        entry->second = relaxng::datatype(grammar_.expressions, xsd, type, facets);
    return entry->second;
}

Expression ValueCompiler::data(Place place) {
    Expressions& e = grammar_.expressions;
    const RngNode& node = *place;
    const bool xsd = node.datatypeLibrary == xsdLibrary;
    if (!node.type || (!xsd && !node.datatypeLibrary.empty()))
        throw Unknown{"the datatype library " + std::string(node.datatypeLibrary)};
    std::vector<Facet> facets;
    bool excepted = false;
    for (const Place child : children(place)) {
        if (child->kind == RngKind::param && child->name && !excepted) {
            requireChildless(child);
            facets.push_back({*child->name, child->text});
        } else if (child->kind == RngKind::except) {
            excepted = true;
            for (const Place each : children(child))
                exception(each);
        } else {
            throw Unknown{"a child of data that is neither param nor except"};
        }
    }
    Datatype result = datatype(xsd, *node.type, facets);
    if (!result.exists)
        throw Unknown{"the type " + std::string(*node.type) + " or its parameters"};
    for (const Facet& facet : facets)
        if (facet.value.empty())
            result = {.expression = e.never(), .exists = true, .note = "an empty parameter"};
    if (!result.note.empty())
        grammar_.note(result.note);
    if (excepted) {
        grammar_.note("data with an except");
        return e.never();
    }
    // libxml2 refuses the empty string even if a datatype allows it.
    return e.both(result.expression, e.repeat(e.set(documentBytes), 1, Expressions::unbounded));
}

} // namespace hostcompat::relaxng
