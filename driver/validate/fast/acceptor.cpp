// SPDX-License-Identifier: LGPL-2.1-or-later
// The walk: remembered stretches and value readers first, tokens and derivatives where nothing is
// known yet.
#include "driver/validate/fast/acceptor.hpp"

#include "driver/xml/scanner.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace hostcompat::fast {

namespace scanning = xml::scanning;

namespace {

/// Stands for the pattern after an element whose content decides what it was.
constexpr Pattern undecided = 0xffffffff;
constexpr std::uint16_t mostStretches = 8;
/// libxml2 refuses longer names (50,000) and texts (10,000,000).
constexpr std::ptrdiff_t longestName = 1'000;
constexpr std::ptrdiff_t longestText = 1'000'000;
constexpr std::size_t mostCandidates = 16;

std::uint64_t load(const char* at) {
    std::uint64_t word;
    std::memcpy(&word, at, sizeof word);
    return word;
}

} // namespace

Acceptor::Acceptor(std::shared_ptr<const AcceptorGrammar> grammar, std::size_t limit)
    : grammar_(std::move(grammar)), limit_(limit) {
    reset();
    counts_ = {};
}

void Acceptor::reset() {
    ++counts_.resets;
    // Copies and new vectors, so that what had grown is given back.
    symbols_ = Symbols(grammar_->symbols);
    expressions_ = Expressions(grammar_->expressions);
    patterns_ = Patterns(grammar_->patterns);
    seen_ = std::vector<Seen>{{0, 0}}; // number 0: no name yet
    states_ = std::vector<State>();
    stretches_ = std::vector<Stretch>();
    results_ = std::vector<TextResult>();
    readers_ = std::vector<Reader>(3); // the three special numbers
    rows_ = std::vector<std::array<std::uint16_t, 256>>(3);
    for (Table* table : {&seenTable_, &stateTable_, &readerTable_, &resultTable_})
        *table = Table();
    State root;
    root.pattern = grammar_->start;
    intern(root);
    base_ = bytes();
}

std::size_t Acceptor::bytes() const {
    std::size_t inReaders = 0;
    if (!readers_.empty())
        inReaders = readers_.capacity() * (sizeof(Reader) + 4 * sizeof(Expression));
    return symbols_.bytes() + expressions_.bytes() + patterns_.bytes() +
           seen_.capacity() * sizeof(Seen) + seenTable_.bytes() +
           states_.capacity() * sizeof(State) + stateTable_.bytes() +
           stretches_.capacity() * sizeof(Stretch) + inReaders + readerTable_.bytes() +
           rows_.capacity() * sizeof(rows_[0]) + results_.capacity() * sizeof(TextResult) +
           resultTable_.bytes();
}

bool Acceptor::full() const {
    return bytes() > base_ + limit_ || readers_.size() > mostReaders;
}

bool Acceptor::accepts(std::string_view document) {
    ++counts_.documents;
    if (full())
        reset();
    const bool accepted = walk(document);
    counts_.accepted += accepted ? 1 : 0;
    return accepted;
}

bool Acceptor::walk(std::string_view document) {
    const char* at = document.data();
    const char* const end = end_ = at + document.size();
    if (document.empty() || *end != '\0')
        return false;
    at = scanning::skipDeclaration(at, end);
    if (at == nullptr || (at = scanning::skipMisc(at, end)) == nullptr || *at != '<')
        return false;
    StateNumber current = 0;
    for (;;) {
        const State& state = states_[current];
        if (state.kind == Kind::value) {
            current = read(current, at);
        } else if (state.kind == Kind::done) {
            break;
        } else {
            const StateNumber known = follow(state, at);
            current = known != noState ? known : step(current, at);
        }
        if (current == noState)
            return false;
    }
    if (!patterns_.nullable(states_[current].pattern))
        return false;
    at = scanning::skipMisc(at, end);
    return at == end;
}

inline Acceptor::StateNumber Acceptor::follow(const State& state, const char*& at) const {
    for (std::uint32_t i = state.firstStretch; i != noState;) {
        const Stretch& stretch = stretches_[i];
        const std::size_t full = stretch.full;
        std::size_t word = 0;
        while (word < full && load(at + 8 * word) == stretch.words[word])
            ++word;
        if (word == full && (load(at + 8 * full) & stretch.lastMask) == stretch.words[full]) {
            at += stretch.length;
            return stretch.to;
        }
        i = stretch.next;
    }
    return noState;
}

Acceptor::StateNumber Acceptor::intern(const State& wanted) {
    const std::uint32_t hash =
        mixed(std::uint64_t{wanted.pattern} << 32 | wanted.name,
              std::uint64_t{wanted.parent} << 32 | wanted.seen,
              std::uint64_t{wanted.attribute} << 16 | static_cast<std::uint64_t>(wanted.kind) << 8 |
                  static_cast<unsigned char>(wanted.quote));
    const StateNumber found = stateTable_.find(hash, [&](StateNumber number) {
        const State& other = states_[number];
        return other.pattern == wanted.pattern && other.name == wanted.name &&
               other.parent == wanted.parent && other.seen == wanted.seen &&
               other.attribute == wanted.attribute && other.kind == wanted.kind &&
               other.quote == wanted.quote;
    });
    if (found != Table::none)
        return found;
    State added = wanted;
    added.depth = wanted.parent == noState
                      ? std::uint16_t{0}
                      : static_cast<std::uint16_t>(states_[wanted.parent].depth + 1);
    states_.push_back(added);
    const auto number = static_cast<StateNumber>(states_.size() - 1);
    stateTable_.insert(hash, number);
    return number;
}

Acceptor::StateNumber Acceptor::step(StateNumber from, const char*& at) {
    const char* const begin = at;
    const char* next = at;
    StateNumber current = from;
    StateNumber kept = from;
    for (;;) {
        if (full())
            return noState;
        const State state = states_[current];
        if (state.kind == Kind::value || state.kind == Kind::done)
            break;
        if (state.kind != Kind::inTag) {
            // Texts and comments are never part of a stretch: both are taken from where they start.
            const char* const mark = scanning::skipBlank(next, end_);
            const bool text = *mark != '<';
            if (text || mark[1] == '!') {
                if (current != from)
                    break;
                if (state.kind == Kind::closing)
                    return noState;
                if (text)
                    return read(current, at);
                at = scanning::skipComment(mark, end_);
                return at == nullptr ? noState
                                     : intern({.pattern = state.pattern,
                                               .name = state.name,
                                               .parent = state.parent,
                                               .kind = Kind::content});
            }
        }
        const StateNumber to = token(state, next);
        if (to == noState)
            return noState;
        current = to;
        // Behind an element's name a stretch must not end: the name could go on.
        const bool named = states_[to].kind == Kind::inTag;
        if (next - begin > static_cast<std::ptrdiff_t>(Stretch::mostWords * 8)) {
            if (at == begin) {
                at = next;
                return to;
            }
            break;
        }
        if (!named) {
            at = next;
            kept = to;
        }
    }
    if (at == begin)
        return noState;
    remember(from, begin, at, kept);
    return kept;
}

void Acceptor::remember(StateNumber from, const char* begin, const char* end, StateNumber to) {
    State& state = states_[from];
    if (state.stretches == mostStretches || begin == end)
        return;
    Stretch stretch;
    stretch.words.fill(0);
    const auto length = static_cast<std::size_t>(end - begin);
    std::memcpy(stretch.words.data(), begin, length);
    stretch.full = static_cast<std::uint8_t>((length - 1) / 8);
    stretch.length = static_cast<std::uint8_t>(length);
    std::array<unsigned char, 8> mask{};
    std::fill_n(mask.begin(), length - stretch.full * 8U, static_cast<unsigned char>(0xff));
    std::memcpy(&stretch.lastMask, mask.data(), mask.size());
    stretch.to = to;
    const auto number = static_cast<std::uint32_t>(stretches_.size());
    stretches_.push_back(stretch);
    // At the end of the list: what was met first is met most.
    std::uint32_t* link = &state.firstStretch;
    while (*link != noState)
        link = &stretches_[*link].next;
    *link = number;
    ++state.stretches;
}

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

std::vector<Expression> Acceptor::candidates(const State& state) const {
    std::vector<Expression> result;
    if (state.kind == Kind::value) {
        patterns_.attributeValues(state.pattern, state.attribute, result);
        return result;
    }
    const bool text = patterns_.textValues(state.pattern, result);
    // Data is an element's whole text: only behind its start tag can it begin.
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
    Reader added;
    for (std::size_t i = 0; i < rest.size(); ++i)
        added.matched |= expressions_.nullable(rest[i]) ? 1U << i : 0U;
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
        std::uint16_t next = rows[current][static_cast<unsigned char>(*at)];
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
    const std::uint32_t matched = readers_[current].matched;
    const std::uint32_t key = whole ? matched | 0x80000000U : matched;
    const State& state = states_[from];
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
    for (std::size_t i = 0; i < values.size(); ++i)
        if (((matched >> i) & 1U) != 0)
            hits.push_back(values[i]);
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

} // namespace hostcompat::fast
