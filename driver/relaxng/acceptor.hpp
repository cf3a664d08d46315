// SPDX-License-Identifier: LGPL-2.1-or-later
// The fast path of validation: it accepts a document as certainly valid, or leaves it to libxml2. A
// document is read by an automaton whose states are created when they are first needed. A state
// contains the pattern of what may follow, the open elements, and the names seen in a start tag, so
// it determines the next state for any text. Between values, documents repeat the same bytes (">\n
// <cpu id='"), so a state also caches such byte sequences with the state that follows each: usually
// a line of a document costs a few comparisons.
#pragma once

#include "driver/relaxng/grammar.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace hostcompat::relaxng {

/// Bytes after a document that must be readable, the first of them NUL.
inline constexpr std::size_t acceptorPadding = 64;

/// The automaton of one thread for one grammar. Its memory is bounded for any input.
class Acceptor {
public:
    /// Statistics, for reports and tests.
    struct Counts {
        std::uint64_t documents = 0;
        std::uint64_t accepted = 0;
        std::uint64_t resets = 0; ///< how often it dropped all states because there were too many
    };

    /// `limit`: bytes that it may use beyond its copy of the grammar.
    explicit Acceptor(std::shared_ptr<const AcceptorGrammar> grammar,
                      std::size_t limit = std::size_t{3} << 20);

    /// True: libxml2 finds the document well formed and valid by this grammar. False: nothing is
    /// known. The answer does not depend on the documents before. Behind the document
    /// acceptorPadding bytes must be readable, the first NUL.
    bool accepts(std::string_view document);

    const Counts& counts() const {
        return counts_;
    }
    /// Bytes in use, the copy of the grammar included.
    std::size_t bytes() const;

private:
    using StateNumber = std::uint32_t;
    static constexpr StateNumber noState = 0xffffffff;

    enum class Kind : std::uint8_t {
        content, ///< after a child's end; at a '<' or at what precedes it
        begin,   ///< after a start tag's '>'
        closing, ///< at "</": a value was the whole content
        inTag,   ///< after an element's name or an attribute's closing quote
        value,   ///< after an attribute's opening quote
        done,    ///< after the root's end
    };

    struct State {
        Pattern pattern = 0;
        Symbol name = 0;              ///< the element that is open
        StateNumber parent = noState; ///< where its end tag leads
        std::uint32_t seen = 0;       ///< inTag, value: names seen in this tag, in seen_
        Symbol attribute = 0;         ///< value: whose
        Kind kind = Kind::content;
        char quote = 0;
        std::uint16_t depth = 0;
        std::uint16_t reader = 0; ///< value, begin, content: where reading text starts; 0 not made
        std::uint16_t stretches = 0;
        std::uint32_t firstStretch = 0xffffffff;
        std::uint32_t resultKey = 0xffffffff; ///< one answer of afterText(), the first
        StateNumber result = noState;
    };

    /// Bytes that lead from one state to another.
    struct Stretch {
        static constexpr std::size_t mostWords = 8;
        std::array<std::uint64_t, mostWords> words;
        std::uint64_t lastMask = 0;
        StateNumber to = noState;
        std::uint32_t next = 0xffffffff;
        std::uint8_t full = 0; ///< words before the last
        std::uint8_t length = 0;
    };

    /// A state of reading a value: what remains of each of its expressions.
    struct Reader {
        std::vector<Expression> rest;
        std::uint32_t matched = 0; ///< which of them match what was read, in matches_
        char terminator = 0;
    };

    static constexpr std::uint16_t deadReader = 0;
    static constexpr std::uint16_t unmadeReader = 1;
    static constexpr std::uint16_t endReader = 2;
    static constexpr std::size_t mostReaders = 2000;

    void reset();
    bool walk(std::string_view document);
    bool full() const;
    StateNumber intern(const State& wanted);
    const Stretch* follow(const State& state, const char* at) const;
    /// Takes tokens up to the next value or text; remembers the stretch. noState: not known.
    StateNumber step(StateNumber from, const char*& at);
    StateNumber token(const State& state, const char*& at);
    StateNumber openTag(const State& state, const char*& at);
    StateNumber inTag(const State& state, const char*& at);
    StateNumber closeTag(const State& state);
    void remember(StateNumber from, const char* begin, const char* end, StateNumber to);
    /// Reads a value or text from `at` to its terminator. noState: not known.
    StateNumber read(StateNumber from, const char*& at);
    StateNumber afterText(StateNumber from, std::uint32_t matched, bool whole);
    /// The number of a set of expressions, given by their places, in matches_.
    std::uint32_t matchNumber(std::vector<std::uint16_t> places);
    std::vector<Expression> candidates(const State& state) const;
    std::uint16_t reader(std::vector<Expression> rest, char terminator);
    std::uint16_t makeRow(std::uint16_t from, unsigned char byte);

    std::shared_ptr<const AcceptorGrammar> grammar_;
    std::size_t limit_;
    std::size_t base_ = 0;
    Symbols symbols_;
    Expressions expressions_;
    Patterns patterns_;
    struct Seen {
        Symbol name;
        std::uint32_t before;
    };
    std::vector<Seen> seen_;
    Table seenTable_;
    std::vector<State> states_;
    Table stateTable_;
    std::vector<Stretch> stretches_;
    std::vector<Reader> readers_;
    std::size_t bytesInReaders_ = 0; ///< of their expressions
    std::vector<std::vector<std::uint16_t>> matches_;
    Table readerTable_;
    std::vector<std::array<std::uint16_t, 256>> rows_;
    struct TextResult {
        StateNumber from;
        std::uint32_t key;
        StateNumber to;
    };
    std::vector<TextResult> results_;
    Table resultTable_;
    const char* end_ = nullptr; ///< of the document at hand
    Counts counts_;
};

} // namespace hostcompat::relaxng
