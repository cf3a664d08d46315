// SPDX-License-Identifier: LGPL-2.1-or-later
// Reads tags that are not cached, token by token.
#include "driver/relaxng/acceptor.hpp"
#include "driver/xml/scanner.hpp"

#include <cstring>

namespace hostcompat::relaxng {

namespace scanning = xml::scanning;

namespace {

/// Stands for the pattern after an element that can only be identified by its content.
constexpr Pattern undecided = 0xffffffff;
/// The longest name that is accepted here. libxml2 refuses names of more than 50,000 bytes.
constexpr std::ptrdiff_t longestName = 1'000;

} // namespace

Acceptor::StateNumber Acceptor::token(const State& state, const char*& at) {
    if (state.kind == Kind::inTag)
        return inTag(state, at);
    while (scanning::is(at, scanning::blank))
        ++at;
    if (at[1] != '/') {
        ++at;
        return state.kind == Kind::closing ? noState : openTag(state, at);
    }
    at += 2;
    if (state.parent == noState)
        return noState;
    const std::string_view name = symbols_.name(state.name);
    if (std::strncmp(at, name.data(), name.size()) != 0)
        return noState;
    at += name.size();
    while (scanning::is(at, scanning::blank))
        ++at;
    if (*at != '>')
        return noState;
    ++at;
    return closeTag(state);
}

Acceptor::StateNumber Acceptor::openTag(const State& state, const char*& at) {
    const char* const begin = at;
    if (!scanning::is(at, scanning::nameStart))
        return noState;
    while (scanning::is(at, scanning::nameRest))
        ++at;
    if (at - begin > longestName || state.depth >= xml::scanMaxDepth)
        return noState;
    const Symbol name = symbols_.intern({begin, static_cast<std::size_t>(at - begin)});
    const Pattern opened = patterns_.startTagOpen(state.pattern, name, grammar_->bodies);
    if (opened == Patterns::notAllowed)
        return noState;
    const Patterns::Node node = patterns_.node(opened);
    const bool decided = node.kind == Patterns::Kind::after;
    const StateNumber parent =
        intern({.pattern = decided ? node.b : undecided,
                .name = state.name,
                .parent = state.parent,
                .kind = state.parent == noState ? Kind::done : Kind::content});
    return intern({.pattern = decided ? node.a : opened,
                   .name = name,
                   .parent = parent,
                   .kind = Kind::inTag});
}

Acceptor::StateNumber Acceptor::inTag(const State& state, const char*& at) {
    const char* const begin = at;
    while (scanning::is(at, scanning::blank))
        ++at;
    if (*at == '>' || *at == '/') {
        const Pattern closed = patterns_.startTagClose(state.pattern);
        if (closed == Patterns::notAllowed)
            return noState;
        State inside{
            .pattern = closed, .name = state.name, .parent = state.parent, .kind = Kind::begin};
        if (*at == '>') {
            ++at;
            return intern(inside);
        }
        if (at[1] != '>')
            return noState;
        at += 2;
        return closeTag(inside);
    }
    const char* const nameBegin = at;
    if (at == begin || !scanning::is(at, scanning::nameStart))
        return noState;
    while (scanning::is(at, scanning::nameRest))
        ++at;
    const std::string_view text(nameBegin, static_cast<std::size_t>(at - nameBegin));
    if (at - nameBegin > longestName || text == "xmlns")
        return noState;
    const Symbol name = symbols_.intern(text);
    std::size_t count = 0;
    for (std::uint32_t i = state.seen; i != 0; i = seen_[i].before)
        if (seen_[i].name == name || ++count == xml::scanMaxAttributes)
            return noState;
    while (scanning::is(at, scanning::blank))
        ++at;
    if (*at != '=')
        return noState;
    ++at;
    while (scanning::is(at, scanning::blank))
        ++at;
    if (*at != '\'' && *at != '"')
        return noState;
    const std::uint32_t hash = mixed(3, name, state.seen);
    std::uint32_t seen = seenTable_.find(hash, [&](std::uint32_t number) {
        return seen_[number].name == name && seen_[number].before == state.seen;
    });
    if (seen == Table::none) {
        seen = static_cast<std::uint32_t>(seen_.size());
        seen_.push_back({name, state.seen});
        seenTable_.insert(hash, seen);
    }
    const StateNumber result = intern({.pattern = state.pattern,
                                       .name = state.name,
                                       .parent = state.parent,
                                       .seen = seen,
                                       .attribute = name,
                                       .kind = Kind::value,
                                       .quote = *at});
    ++at;
    return result;
}

Acceptor::StateNumber Acceptor::closeTag(const State& state) {
    const State parent = states_[state.parent];
    if (parent.pattern != undecided)
        return patterns_.nullable(state.pattern) ? state.parent : noState;
    const Pattern rest = patterns_.endTag(state.pattern);
    if (rest == Patterns::notAllowed)
        return noState;
    return intern(
        {.pattern = rest, .name = parent.name, .parent = parent.parent, .kind = parent.kind});
}

} // namespace hostcompat::relaxng
