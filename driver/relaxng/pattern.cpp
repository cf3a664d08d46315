// SPDX-License-Identifier: LGPL-2.1-or-later
// Names, name classes, and the constructors that keep patterns in a normal form.
#include "driver/relaxng/pattern.hpp"

#include <optional>
#include <utility>

namespace hostcompat::relaxng {

Symbol Symbols::intern(std::string_view text) {
    std::uint64_t a = text.size();
    std::uint64_t b = 0;
    for (const char byte : text) {
        a = a * 31 + static_cast<unsigned char>(byte);
        b = (b ^ a) * 0x100000001b3U;
    }
    const std::uint32_t hash = mixed(a, b, 1);
    const Symbol found = table_.find(hash, [&](Symbol number) { return name(number) == text; });
    if (found != Table::none)
        return found;
    spans_.push_back(
        {static_cast<std::uint32_t>(text_.size()), static_cast<std::uint32_t>(text.size())});
    text_ += text;
    const auto number = static_cast<Symbol>(spans_.size() - 1);
    table_.insert(hash, number);
    return number;
}

Patterns::Patterns() {
    intern(Kind::notAllowed, false, 0, 0);
    intern(Kind::empty, true, 0, 0);
    intern(Kind::text, true, 0, 0);
    nameClass(NameNode::Kind::none, 0);
}

Pattern Patterns::intern(Kind kind, bool isNullable, std::uint32_t a, std::uint32_t b) {
    const std::uint32_t hash = mixed(static_cast<std::uint64_t>(kind), a, b);
    return table_.findOrAdd(hash, nodes_, Node{kind, isNullable, a, b}, [&](const Node& other) {
        return other.kind == kind && other.a == a && other.b == b;
    });
}

NameClass Patterns::nameClass(NameNode::Kind kind, std::uint32_t a, std::uint32_t b) {
    const std::uint32_t hash = mixed(static_cast<std::uint64_t>(kind), a, b);
    return nameTable_.findOrAdd(hash, names_, NameNode{kind, a, b}, [&](const NameNode& other) {
        return other.kind == kind && other.a == a && other.b == b;
    });
}

bool Patterns::contains(NameClass id, Symbol name) const {
    const NameNode& node = names_[id];
    switch (node.kind) {
    case NameNode::Kind::name:
        return node.a == name;
    case NameNode::Kind::any:
        return !contains(node.a, name);
    case NameNode::Kind::choice:
        return contains(node.a, name) || contains(node.b, name);
    default:
        return false;
    }
}

bool Patterns::overlap(NameClass a, NameClass b) const {
    const NameNode& left = names_[a];
    const NameNode& right = names_[b];
    if (left.kind == NameNode::Kind::none || right.kind == NameNode::Kind::none)
        return false;
    if (left.kind == NameNode::Kind::choice)
        return overlap(left.a, b) || overlap(left.b, b);
    if (right.kind == NameNode::Kind::choice)
        return overlap(a, right.a) || overlap(a, right.b);
    if (left.kind == NameNode::Kind::name)
        return contains(b, left.a);
    if (right.kind == NameNode::Kind::name)
        return contains(a, right.a);
    return true;
}

Pattern Patterns::choice(Pattern a, Pattern b) {
    if (a == b || b == notAllowed)
        return a;
    if (a == notAllowed)
        return b;
    // Alternatives are a list nested to the right, ordered by number and without duplicates.
    if (nodes_[a].kind == Kind::choice) {
        const Node left = nodes_[a];
        return choice(left.a, choice(left.b, b));
    }
    const Node right = nodes_[b];
    if (nodes_[a].kind == Kind::after) {
        // Elements that lead to the same state become one element with a choice of contents.
        const Node left = nodes_[a];
        if (right.kind == Kind::after && right.b == left.b)
            return after(choice(left.a, right.a), left.b);
        if (right.kind == Kind::choice) {
            const Node head = nodes_[right.a];
            if (head.kind == Kind::after && head.b == left.b)
                return choice(after(choice(left.a, head.a), left.b), right.b);
        }
    }
    if (right.kind == Kind::choice) {
        if (right.a == a)
            return b;
        if (right.a < a) {
            const Pattern rest = choice(a, right.b);
            if (nodes_[rest].kind != Kind::choice && nodes_[rest].kind == Kind::after &&
                nodes_[right.a].kind == Kind::after)
                return choice(right.a, rest);
            return intern(Kind::choice, nullable(right.a) || nullable(rest), right.a, rest);
        }
    } else if (b < a) {
        std::swap(a, b);
    }
    if (a == empty && nullable(b))
        return b;
    return intern(Kind::choice, nullable(a) || nullable(b), a, b);
}

namespace {

/// If one part of a group or interleave is empty or notAllowed, the result of combining them.
std::optional<Pattern> besideTrivial(Pattern a, Pattern b) {
    if (a == Patterns::notAllowed || b == Patterns::notAllowed)
        return Patterns::notAllowed;
    if (a == Patterns::empty)
        return b;
    if (b == Patterns::empty)
        return a;
    return std::nullopt;
}

} // namespace

Pattern Patterns::group(Pattern a, Pattern b) {
    if (const auto simple = besideTrivial(a, b))
        return *simple;
    if (nodes_[a].kind == Kind::group) {
        const Node node = nodes_[a];
        return group(node.a, group(node.b, b));
    }
    return intern(Kind::group, nullable(a) && nullable(b), a, b);
}

Pattern Patterns::interleave(Pattern a, Pattern b) {
    if (const auto simple = besideTrivial(a, b))
        return *simple;
    if (nodes_[a].kind == Kind::interleave) {
        const Node node = nodes_[a];
        return interleave(node.a, interleave(node.b, b));
    }
    // A list nested to the right, ordered by number, so that the same remainder in any order is one
    // pattern.
    if (nodes_[b].kind == Kind::interleave) {
        const Node node = nodes_[b];
        if (node.a < a) {
            const Pattern rest = interleave(a, node.b);
            return intern(Kind::interleave, nullable(node.a) && nullable(rest), node.a, rest);
        }
    } else if (b < a) {
        std::swap(a, b);
    }
    return intern(Kind::interleave, nullable(a) && nullable(b), a, b);
}

Pattern Patterns::oneOrMore(Pattern a) {
    if (a == notAllowed || a == empty || a == text || nodes_[a].kind == Kind::oneOrMore)
        return a;
    return intern(Kind::oneOrMore, nullable(a), a, 0);
}

Pattern Patterns::after(Pattern a, Pattern b) {
    if (a == notAllowed || b == notAllowed)
        return notAllowed;
    return intern(Kind::after, false, a, b);
}

Pattern Patterns::data(Expression expression) {
    return expression == Expressions::nothing ? notAllowed
                                              : intern(Kind::data, false, expression, 0);
}

Pattern Patterns::attribute(NameClass name, Expression value) {
    return name == noName || value == Expressions::nothing
               ? notAllowed
               : intern(Kind::attribute, false, name, value);
}

Pattern Patterns::element(NameClass name, std::uint32_t number) {
    return name == noName ? notAllowed : intern(Kind::element, false, name, number);
}

std::size_t Patterns::bytes() const {
    return nodes_.capacity() * sizeof(Node) + names_.capacity() * sizeof(NameNode) +
           table_.bytes() + nameTable_.bytes() + memo_.capacity() * sizeof(Memo) +
           memoTable_.bytes();
}

} // namespace hostcompat::relaxng
