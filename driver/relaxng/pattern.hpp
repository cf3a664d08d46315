// SPDX-License-Identifier: LGPL-2.1-or-later
// RELAX NG's simplified patterns, shared where equal, and their derivatives
// (J. Clark, "An algorithm for RELAX NG validation", 2002).
#pragma once

#include "driver/relaxng/expression.hpp"
#include "driver/relaxng/table.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hostcompat::relaxng {

using Symbol = std::uint32_t;    ///< number of a name in Symbols
using NameClass = std::uint32_t; ///< number of a name class in Patterns
using Pattern = std::uint32_t;   ///< number of a pattern in Patterns

/// Names by number.
class Symbols {
public:
    Symbol intern(std::string_view name);
    std::string_view name(Symbol symbol) const {
        const Span span = spans_[symbol];
        return std::string_view(text_).substr(span.begin, span.size);
    }
    std::size_t bytes() const {
        return text_.capacity() + spans_.capacity() * sizeof(Span) + table_.bytes();
    }

private:
    struct Span {
        std::uint32_t begin = 0;
        std::uint32_t size = 0;
    };
    std::string text_;
    std::vector<Span> spans_;
    Table table_;
};

/// An arena of patterns and name classes. Copyable; copies grow apart.
class Patterns {
public:
    enum class Kind : std::uint8_t {
        notAllowed,
        empty,
        text,
        choice,
        group,
        interleave,
        oneOrMore,
        data,
        attribute,
        element,
        after,
    };
    struct Node {
        Kind kind = Kind::notAllowed;
        bool nullable = false;
        /// choice, group, interleave, after: both parts; oneOrMore: a. data: a is its Expression.
        /// attribute: a NameClass, b Expression. element: a NameClass, b its number with the
        /// grammar.
        std::uint32_t a = 0;
        std::uint32_t b = 0;
    };
    struct NameNode {
        enum class Kind : std::uint8_t { none, name, any, choice };
        Kind kind = Kind::none;
        std::uint32_t a = 0; ///< name: Symbol; any: NameClass that is excepted; choice: part
        std::uint32_t b = 0;
    };

    static constexpr Pattern notAllowed = 0;
    static constexpr Pattern empty = 1;
    static constexpr Pattern text = 2;
    static constexpr NameClass noName = 0;

    Patterns();

    const Node& node(Pattern pattern) const {
        return nodes_[pattern];
    }
    const NameNode& nameNode(NameClass nameClass) const {
        return names_[nameClass];
    }
    bool nullable(Pattern pattern) const {
        return nodes_[pattern].nullable;
    }

    NameClass nameClass(NameNode::Kind kind, std::uint32_t a, std::uint32_t b = 0);
    bool contains(NameClass nameClass, Symbol name) const;
    /// Whether a name may lie in both; true if that is not certain.
    bool overlap(NameClass a, NameClass b) const;

    Pattern choice(Pattern a, Pattern b);
    Pattern group(Pattern a, Pattern b);
    Pattern interleave(Pattern a, Pattern b);
    Pattern oneOrMore(Pattern a);
    Pattern after(Pattern a, Pattern b);
    Pattern data(Expression expression);
    Pattern attribute(NameClass name, Expression value);
    Pattern element(NameClass name, std::uint32_t number);

    /// What follows "<name" in content `p`: After patterns whose left sides are the new element's.
    /// `bodies` gives the content of each element of the grammar.
    Pattern startTagOpen(Pattern p, Symbol name, const std::vector<Pattern>& bodies);
    /// What follows an attribute whose value matches exactly the sorted `matched` of expressions().
    Pattern withAttribute(Pattern p, Symbol name, const std::vector<Expression>& matched);
    /// What follows the start tag's '>'.
    Pattern startTagClose(Pattern p);
    /// What follows a text that matches exactly the `matched` data and may stand where text may.
    Pattern withText(Pattern p, const std::vector<Expression>& matched);
    /// What follows the end tag, of After patterns.
    Pattern endTag(Pattern p);

    /// Adds the expressions of the attributes that `name` may be in start tag `p`.
    void attributeValues(Pattern p, Symbol name, std::vector<Expression>& values) const;
    /// Adds the expressions of the data that may stand first in `p`; returns whether text may.
    bool textValues(Pattern p, std::vector<Expression>& values) const;

    std::size_t size() const {
        return nodes_.size();
    }
    std::size_t bytes() const;

private:
    Pattern intern(Kind kind, bool nullable, std::uint32_t a, std::uint32_t b);
    /// What remains of `p` behind one attribute or text, which `leaf` finds among the parts;
    /// `inOrder`: those of a group have their turns.
    template <typename Leaf>
    Pattern consume(Pattern p, bool inOrder, const Leaf& leaf);
    template <typename Wrap>
    Pattern applyAfter(Pattern p, Wrap&& wrap);

    std::vector<Node> nodes_;
    std::vector<NameNode> names_;
    Table table_;
    Table nameTable_;
    struct Memo {
        Pattern from;
        std::uint32_t key;
        Pattern to;
    };
    std::vector<Memo> memo_;
    Table memoTable_;
    template <typename Make>
    Pattern memoized(Pattern from, std::uint32_t key, Make&& make);
};

} // namespace hostcompat::relaxng
