// SPDX-License-Identifier: LGPL-2.1-or-later
// Reads values and texts with one automaton for everything that is allowed at a position.
#include "driver/relaxng/acceptor.hpp"

#include <algorithm>
#include <utility>

namespace hostcompat::relaxng {

namespace {

/// The longest text that is accepted here. libxml2 refuses texts of more than 10,000,000 bytes.
constexpr std::ptrdiff_t longestText = 1'000'000;
constexpr std::size_t mostCandidates = 128;

} // namespace

std::vector<Expression> Acceptor::candidates(const State& state) const {
    std::vector<Expression> result;
    if (state.kind == Kind::value) {
        patterns_.attributeValues(state.pattern, state.attribute, result);
        return result;
    }
    const bool text = patterns_.textValues(state.pattern, result);
    // Data is the whole text of an element, so it can begin only after the start tag.
    if (state.kind != Kind::begin)
        result.clear();
    if (text)
        result.push_back(Expressions::anything);
    return result;
}

std::uint16_t Acceptor::reader(std::vector<Expression> rest, char terminator) {
    if (std::ranges::all_of(rest, [](Expression e) { return e == Expressions::nothing; }))
        return deadReader;
    std::uint64_t sum = static_cast<unsigned char>(terminator);
    for (const Expression e : rest)
        sum = mixed(13, sum, e);
    const std::uint32_t hash = mixed(17, sum, rest.size());
    const std::uint32_t found = readerTable_.find(hash, [&](std::uint32_t number) {
        return readers_[number].terminator == terminator && readers_[number].rest == rest;
    });
    if (found != Table::none)
        return static_cast<std::uint16_t>(found);
    std::vector<std::uint16_t> matching;
    for (std::size_t i = 0; i < rest.size(); ++i)
        if (expressions_.nullable(rest[i]))
            matching.push_back(static_cast<std::uint16_t>(i));
    Reader added;
    added.matched = matchNumber(std::move(matching));
    bytesInReaders_ += rest.size() * sizeof(Expression);
    added.rest = std::move(rest);
    added.terminator = terminator;
    readers_.push_back(std::move(added));
    std::array<std::uint16_t, 256>& row = rows_.emplace_back();
    row.fill(deadReader);
    for (unsigned byte = 0; byte < 128; ++byte)
        if (documentBytes.has(static_cast<unsigned char>(byte)))
            row[byte] = unmadeReader;
    row['<'] = row['&'] = deadReader;
    if (terminator == '<')
        row['>'] = deadReader;
    else
        row['\t'] = row['\n'] = deadReader; // libxml2 reads them as spaces
    row[static_cast<unsigned char>(terminator)] = endReader;
    const auto number = static_cast<std::uint16_t>(readers_.size() - 1);
    readerTable_.insert(hash, number);
    return number;
}

std::uint32_t Acceptor::matchNumber(std::vector<std::uint16_t> places) {
    const auto found = std::ranges::find(matches_, places);
    const auto number = static_cast<std::uint32_t>(found - matches_.begin());
    if (found == matches_.end())
        matches_.push_back(std::move(places));
    return number;
}

std::uint16_t Acceptor::makeRow(std::uint16_t from, unsigned char byte) {
    if (full())
        return deadReader;
    std::vector<Expression> rest = readers_[from].rest;
    for (Expression& e : rest)
        e = expressions_.derive(e, byte);
    const std::uint16_t to = reader(std::move(rest), readers_[from].terminator);
    rows_[from][byte] = to;
    return to;
}

Acceptor::StateNumber Acceptor::read(StateNumber from, const char*& at) {
    const bool attribute = states_[from].kind == Kind::value;
    if (states_[from].reader == deadReader) {
        std::vector<Expression> values = candidates(states_[from]);
        if (values.size() > mostCandidates || readers_.size() > mostReaders)
            return noState;
        const std::uint16_t made = reader(std::move(values), attribute ? states_[from].quote : '<');
        if (made == deadReader)
            return noState;
        states_[from].reader = made;
    }
    const char* const begin = at;
    std::uint16_t current = states_[from].reader;
    const std::array<std::uint16_t, 256>* rows = rows_.data();
    for (;;) {
        std::uint16_t next = rows[current].data()[static_cast<unsigned char>(*at)];
        if (next <= endReader) [[unlikely]] {
            if (next == endReader)
                break;
            if (next == unmadeReader) {
                next = makeRow(current, static_cast<unsigned char>(*at));
                rows = rows_.data();
            }
            if (next == deadReader)
                return noState;
        }
        current = next;
        ++at;
    }
    if (at - begin > longestText)
        return noState;
    const bool whole = !attribute && at[1] == '/';
    if (attribute)
        ++at;
    const std::uint32_t matched = readers_.data()[current].matched;
    const std::uint32_t key = whole ? matched | 0x80000000U : matched;
    const State& state = states_.data()[from];
    return state.resultKey == key ? state.result : afterText(from, matched, whole);
}

Acceptor::StateNumber Acceptor::afterText(StateNumber from, std::uint32_t matched, bool whole) {
    const std::uint32_t key = whole ? matched | 0x80000000U : matched;
    const std::uint32_t hash = mixed(19, from, key);
    const std::uint32_t found = resultTable_.find(hash, [&](std::uint32_t number) {
        return results_[number].from == from && results_[number].key == key;
    });
    if (found != Table::none)
        return results_[found].to;
    const State state = states_[from];
    const std::vector<Expression> values = candidates(state);
    std::vector<Expression> hits;
    for (const std::uint16_t place : matches_[matched])
        hits.push_back(values[place]);
    StateNumber to = noState;
    if (state.kind == Kind::value) {
        const Pattern rest = patterns_.withAttribute(state.pattern, state.attribute, hits);
        if (rest != Patterns::notAllowed)
            to = intern({.pattern = rest,
                         .name = state.name,
                         .parent = state.parent,
                         .seen = state.seen,
                         .kind = Kind::inTag});
    } else {
        if (!whole || state.kind != Kind::begin)
            hits.clear();
        const Pattern rest = patterns_.withText(state.pattern, hits);
        if (rest != Patterns::notAllowed)
            to = intern({.pattern = rest,
                         .name = state.name,
                         .parent = state.parent,
                         .kind = whole ? Kind::closing : Kind::content});
    }
    results_.push_back({from, key, to});
    resultTable_.insert(hash, static_cast<std::uint32_t>(results_.size() - 1));
    if (states_[from].resultKey == 0xffffffff) {
        states_[from].resultKey = key;
        states_[from].result = to;
    }
    return to;
}

} // namespace hostcompat::relaxng
