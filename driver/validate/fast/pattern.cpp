// SPDX-License-Identifier: LGPL-2.1-or-later
// Constructors that keep patterns in a normal form, and the derivatives.
#include "driver/validate/fast/pattern.hpp"

#include <algorithm>
#include <utility>

namespace hostcompat::fast {

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
    const Pattern found = table_.find(hash, [&](Pattern number) {
        const Node& other = nodes_[number];
        return other.kind == kind && other.a == a && other.b == b;
    });
    if (found != Table::none)
        return found;
    nodes_.push_back({kind, isNullable, a, b});
    const auto number = static_cast<Pattern>(nodes_.size() - 1);
    table_.insert(hash, number);
    return number;
}

NameClass Patterns::nameClass(NameNode::Kind kind, std::uint32_t a, std::uint32_t b) {
    const std::uint32_t hash = mixed(static_cast<std::uint64_t>(kind), a, b);
    const NameClass found = nameTable_.find(hash, [&](NameClass number) {
        const NameNode& other = names_[number];
        return other.kind == kind && other.a == a && other.b == b;
    });
    if (found != Table::none)
        return found;
    names_.push_back({kind, a, b});
    const auto number = static_cast<NameClass>(names_.size() - 1);
    nameTable_.insert(hash, number);
    return number;
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
    // Alternatives are a list to the right, ordered by number and without repetition.
    if (nodes_[a].kind == Kind::choice) {
        const Node left = nodes_[a];
        return choice(left.a, choice(left.b, b));
    }
    const Node right = nodes_[b];
    if (nodes_[a].kind == Kind::after) {
        // Elements that end in the same state are one element with a choice of contents.
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

Pattern Patterns::group(Pattern a, Pattern b) {
    if (a == notAllowed || b == notAllowed)
        return notAllowed;
    if (a == empty)
        return b;
    if (b == empty)
        return a;
    if (nodes_[a].kind == Kind::group) {
        const Node node = nodes_[a];
        return group(node.a, group(node.b, b));
    }
    return intern(Kind::group, nullable(a) && nullable(b), a, b);
}

Pattern Patterns::interleave(Pattern a, Pattern b) {
    if (a == notAllowed || b == notAllowed)
        return notAllowed;
    if (a == empty)
        return b;
    if (b == empty)
        return a;
    if (nodes_[a].kind == Kind::interleave) {
        const Node node = nodes_[a];
        return interleave(node.a, interleave(node.b, b));
    }
    // A list to the right, ordered by number: the same remainder in any order is one pattern.
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

template <typename Make>
Pattern Patterns::memoized(Pattern from, std::uint32_t key, Make&& make) {
    const std::uint32_t hash = mixed(11, from, key);
    const auto same = [&](std::uint32_t number) {
        return memo_[number].from == from && memo_[number].key == key;
    };
    if (const std::uint32_t found = memoTable_.find(hash, same); found != Table::none)
        return memo_[found].to;
    const Pattern to = make();
    memo_.push_back({from, key, to});
    memoTable_.insert(hash, static_cast<std::uint32_t>(memo_.size() - 1));
    return to;
}

template <typename Wrap>
Pattern Patterns::applyAfter(Pattern p, Wrap&& wrap) {
    const Node node = nodes_[p];
    if (node.kind == Kind::after)
        return after(node.a, wrap(node.b));
    if (node.kind == Kind::choice) {
        const Pattern left = applyAfter(node.a, wrap);
        return choice(left, applyAfter(node.b, wrap));
    }
    return notAllowed;
}

Pattern Patterns::startTagOpen(Pattern p, Symbol name, const std::vector<Pattern>& bodies) {
    const Node node = nodes_[p];
    switch (node.kind) {
    case Kind::element:
        return contains(node.a, name) ? after(bodies[node.b], empty) : notAllowed;
    case Kind::choice:
    case Kind::interleave:
    case Kind::group:
    case Kind::oneOrMore:
    case Kind::after:
        break;
    default:
        return notAllowed;
    }
    return memoized(p, name + 1, [&] {
        const Pattern left = startTagOpen(node.a, name, bodies);
        switch (node.kind) {
        case Kind::choice:
            return choice(left, startTagOpen(node.b, name, bodies));
        case Kind::interleave: {
            const Pattern first =
                applyAfter(left, [&](Pattern x) { return interleave(x, node.b); });
            const Pattern right = startTagOpen(node.b, name, bodies);
            return choice(first,
                          applyAfter(right, [&](Pattern x) { return interleave(node.a, x); }));
        }
        case Kind::group: {
            const Pattern first = applyAfter(left, [&](Pattern x) { return group(x, node.b); });
            return nullable(node.a) ? choice(first, startTagOpen(node.b, name, bodies)) : first;
        }
        case Kind::oneOrMore:
            return applyAfter(left, [&](Pattern x) { return group(x, choice(p, empty)); });
        default: // after
            return applyAfter(left, [&](Pattern x) { return after(x, node.b); });
        }
    });
}

Pattern Patterns::withAttribute(Pattern p, Symbol name, const std::vector<Expression>& matched) {
    const Node node = nodes_[p];
    switch (node.kind) {
    case Kind::attribute:
        return contains(node.a, name) && std::ranges::find(matched, node.b) != matched.end()
                   ? empty
                   : notAllowed;
    case Kind::after: {
        const Pattern left = withAttribute(node.a, name, matched);
        return after(left, node.b);
    }
    case Kind::choice: {
        const Pattern left = withAttribute(node.a, name, matched);
        return choice(left, withAttribute(node.b, name, matched));
    }
    case Kind::group: {
        const Pattern left = group(withAttribute(node.a, name, matched), node.b);
        return choice(left, group(node.a, withAttribute(node.b, name, matched)));
    }
    case Kind::interleave: {
        const Pattern left = interleave(withAttribute(node.a, name, matched), node.b);
        return choice(left, interleave(node.a, withAttribute(node.b, name, matched)));
    }
    case Kind::oneOrMore:
        return group(withAttribute(node.a, name, matched), choice(p, empty));
    default:
        return notAllowed;
    }
}

Pattern Patterns::startTagClose(Pattern p) {
    const Node node = nodes_[p];
    switch (node.kind) {
    case Kind::attribute:
        return notAllowed;
    case Kind::choice:
    case Kind::group:
    case Kind::interleave:
    case Kind::oneOrMore:
    case Kind::after:
        break;
    default:
        return p;
    }
    return memoized(p, 0, [&] {
        const Pattern left = startTagClose(node.a);
        switch (node.kind) {
        case Kind::choice:
            return choice(left, startTagClose(node.b));
        case Kind::group:
            return group(left, startTagClose(node.b));
        case Kind::interleave:
            return interleave(left, startTagClose(node.b));
        case Kind::oneOrMore:
            return oneOrMore(left);
        default: // after
            return after(left, node.b);
        }
    });
}

Pattern Patterns::withText(Pattern p, const std::vector<Expression>& matched) {
    const Node node = nodes_[p];
    switch (node.kind) {
    case Kind::text:
        return text;
    case Kind::data:
        return std::ranges::find(matched, node.a) != matched.end() ? empty : notAllowed;
    case Kind::after: {
        const Pattern left = withText(node.a, matched);
        return after(left, node.b);
    }
    case Kind::choice: {
        const Pattern left = withText(node.a, matched);
        return choice(left, withText(node.b, matched));
    }
    case Kind::group: {
        const Pattern left = group(withText(node.a, matched), node.b);
        return nullable(node.a) ? choice(left, withText(node.b, matched)) : left;
    }
    case Kind::interleave: {
        const Pattern left = interleave(withText(node.a, matched), node.b);
        return choice(left, interleave(node.a, withText(node.b, matched)));
    }
    case Kind::oneOrMore:
        return group(withText(node.a, matched), choice(p, empty));
    default:
        return notAllowed;
    }
}

Pattern Patterns::endTag(Pattern p) {
    const Node node = nodes_[p];
    if (node.kind == Kind::choice) {
        const Pattern left = endTag(node.a);
        return choice(left, endTag(node.b));
    }
    return node.kind == Kind::after && nullable(node.a) ? node.b : notAllowed;
}

void Patterns::attributeValues(Pattern p, Symbol name, std::vector<Expression>& values) const {
    const Node& node = nodes_[p];
    switch (node.kind) {
    case Kind::attribute:
        if (contains(node.a, name) && std::ranges::find(values, node.b) == values.end())
            values.push_back(node.b);
        break;
    case Kind::choice:
    case Kind::group:
    case Kind::interleave:
        attributeValues(node.a, name, values);
        attributeValues(node.b, name, values);
        break;
    case Kind::oneOrMore:
    case Kind::after:
        attributeValues(node.a, name, values);
        break;
    default:
        break;
    }
}

bool Patterns::textValues(Pattern p, std::vector<Expression>& values) const {
    const Node& node = nodes_[p];
    switch (node.kind) {
    case Kind::text:
        return true;
    case Kind::data:
        if (std::ranges::find(values, node.a) == values.end())
            values.push_back(node.a);
        return false;
    case Kind::choice:
    case Kind::interleave: {
        const bool left = textValues(node.a, values);
        return textValues(node.b, values) || left;
    }
    case Kind::group: {
        const bool left = textValues(node.a, values);
        return (nullable(node.a) && textValues(node.b, values)) || left;
    }
    case Kind::oneOrMore:
    case Kind::after:
        return textValues(node.a, values);
    default:
        return false;
    }
}

std::size_t Patterns::bytes() const {
    return nodes_.capacity() * sizeof(Node) + names_.capacity() * sizeof(NameNode) +
           table_.bytes() + nameTable_.bytes() + memo_.capacity() * sizeof(Memo) +
           memoTable_.bytes();
}

} // namespace hostcompat::fast
