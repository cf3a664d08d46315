// SPDX-License-Identifier: LGPL-2.1-or-later
// The transitions between states, and the cached byte sequences.
#include "driver/relaxng/acceptor.hpp"

#include "driver/xml/scanner.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace hostcompat::relaxng {

namespace scanning = xml::scanning;

namespace {

constexpr std::uint16_t mostStretches = 8;

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
    // Create new objects, so that the memory is freed.
    symbols_ = Symbols(grammar_->symbols);
    expressions_ = Expressions(grammar_->expressions);
    patterns_ = Patterns(grammar_->patterns);
    seen_ = std::vector<Seen>{{0, 0}}; // number 0: no name yet
    states_ = std::vector<State>();
    stretches_ = std::vector<Stretch>();
    results_ = std::vector<TextResult>();
    readers_ = std::vector<Reader>(3); // the three special numbers
    bytesInReaders_ = 0;
    matches_ = {};
    rows_ = std::vector<std::array<std::uint16_t, 256>>(3);
    for (Table* table : {&seenTable_, &stateTable_, &readerTable_, &resultTable_})
        *table = Table();
    State root;
    root.pattern = grammar_->start;
    intern(root);
    base_ = bytes();
}

std::size_t Acceptor::bytes() const {
    return symbols_.bytes() + expressions_.bytes() + patterns_.bytes() +
           seen_.capacity() * sizeof(Seen) + seenTable_.bytes() +
           states_.capacity() * sizeof(State) + stateTable_.bytes() +
           stretches_.capacity() * sizeof(Stretch) + readers_.capacity() * sizeof(Reader) +
           bytesInReaders_ + readerTable_.bytes() + rows_.capacity() * sizeof(rows_[0]) +
           results_.capacity() * sizeof(TextResult) + resultTable_.bytes();
}

bool Acceptor::full() const {
    return bytes() > base_ + limit_ || readers_.size() > mostReaders;
}

bool Acceptor::accepts(std::string_view document) {
    ++counts_.documents;
    if (full())
        reset();
    const bool fresh = states_.size() == 1;
    bool accepted = walk(document);
    // Earlier documents may have used up the memory. The answer must not depend on them, so start
    // again.
    if (!accepted && !fresh && full()) {
        reset();
        accepted = walk(document);
    }
    counts_.accepted += accepted ? 1 : 0;
    return accepted;
}

bool Acceptor::walk(std::string_view document) {
    const char* at = document.data();
    const char* const end = end_ = at + document.size();
    if (document.empty() || *end != '\0')
        return false;
    at = scanning::skipDeclaration(at, end);
    if (at != nullptr)
        at = scanning::skipMisc(at, end);
    if (at == nullptr || *at != '<')
        return false;
    StateNumber current = 0;
    for (;;) {
        const State& state = states_.data()[current];
        if (state.kind == Kind::value) {
            current = read(current, at);
        } else if (state.kind == Kind::done) {
            break;
        } else if (const Stretch* known = follow(state, at)) {
            at += known->length;
            current = known->to;
        } else {
            current = step(current, at);
        }
        if (current == noState)
            return false;
    }
    if (!patterns_.nullable(states_[current].pattern))
        return false;
    at = scanning::skipMisc(at, end);
    return at == end;
}

// Here, in walk() and in read() the indexes come from this class, and each costs a few instructions
// for every value of a document. The bounds checks of a hardened standard library would take a
// tenth of the time.
inline const Acceptor::Stretch* Acceptor::follow(const State& state, const char* at) const {
    for (std::uint32_t i = state.firstStretch; i != noState;) {
        const Stretch& stretch = stretches_.data()[i];
        const std::size_t full = stretch.full;
        std::size_t word = 0;
        while (word < full && load(at + 8 * word) == stretch.words.data()[word])
            ++word;
        if (word == full && (load(at + 8 * full) & stretch.lastMask) == stretch.words.data()[full])
            return &stretch;
        i = stretch.next;
    }
    return nullptr;
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
            // Text and comments are never part of a stretch: both are read from their beginning.
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
        // A stretch must not end directly after an element's name, because the name could continue.
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
    std::fill_n(mask.begin(), length - std::size_t{stretch.full} * 8,
                static_cast<unsigned char>(0xff));
    std::memcpy(&stretch.lastMask, mask.data(), mask.size());
    stretch.to = to;
    const auto number = static_cast<std::uint32_t>(stretches_.size());
    stretches_.push_back(stretch);
    // Append to the list, because the first ones are the most frequent.
    std::uint32_t* link = &state.firstStretch;
    while (*link != noState)
        link = &stretches_[*link].next;
    *link = number;
    ++state.stretches;
}

} // namespace hostcompat::relaxng
