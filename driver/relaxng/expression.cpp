// SPDX-License-Identifier: LGPL-2.1-or-later
// Builds expressions in a normal form, so that derivatives of one expression are finitely many
// (Brzozowski, "Derivatives of regular expressions", 1964).
#include "driver/relaxng/expression.hpp"

#include <utility>

namespace hostcompat::relaxng {

Expressions::Expressions() {
    intern({.kind = Kind::nothing});
    intern({.kind = Kind::empty, .nullable = true});
    // `anything` has a fixed number; the set that it repeats is the next node.
    nodes_.push_back(
        {.kind = Kind::repeat, .nullable = true, .a = 3, .least = 0, .most = unbounded});
    table_.insert(
        mixed(static_cast<std::uint64_t>(Kind::repeat), 3, std::uint64_t{0} << 32 | unbounded),
        anything);
    set(documentBytes);
}

Expression Expressions::intern(const Node& node) {
    std::uint32_t hash = 0;
    if (node.kind == Kind::set)
        hash = mixed(static_cast<std::uint64_t>(node.kind), node.bytes.low, node.bytes.high);
    else
        hash = mixed(static_cast<std::uint64_t>(node.kind), std::uint64_t{node.b} << 32 | node.a,
                     std::uint64_t{node.least} << 32 | node.most);
    return table_.findOrAdd(hash, nodes_, node, [&](const Node& other) {
        return other.kind == node.kind && other.a == node.a && other.b == node.b &&
               other.least == node.least && other.most == node.most && other.bytes == node.bytes;
    });
}

Expression Expressions::set(ByteSet bytes) {
    if (bytes.empty())
        return nothing;
    return intern({.kind = Kind::set, .bytes = bytes});
}

Expression Expressions::never() {
    ByteSet control; // no document contains it, so derive() never matches it
    control.add(1);
    return set(control);
}

Expression Expressions::literal(std::string_view text) {
    Expression result = emptyString;
    for (std::size_t i = text.size(); i-- > 0;) {
        ByteSet one;
        one.add(static_cast<unsigned char>(text[i]));
        result = sequence(set(one), result);
    }
    return result;
}

Expression Expressions::sequence(Expression first, Expression second) {
    if (first == nothing || second == nothing)
        return nothing;
    if (first == emptyString)
        return second;
    if (second == emptyString)
        return first;
    if (nodes_[first].kind == Kind::sequence) {
        const Node node = nodes_[first];
        return sequence(node.a, sequence(node.b, second));
    }
    return intern({.kind = Kind::sequence,
                   .nullable = nullable(first) && nullable(second),
                   .a = first,
                   .b = second});
}

Expression Expressions::either(Expression a, Expression b) {
    // Alternatives are a list nested to the right, ordered by number and without duplicates.
    if (a == b || b == nothing)
        return a;
    if (a == nothing)
        return b;
    if (a == anything || b == anything)
        return anything;
    if (nodes_[a].kind == Kind::either) {
        const Node node = nodes_[a];
        return either(node.a, either(node.b, b));
    }
    if (nodes_[b].kind == Kind::either) {
        const Node node = nodes_[b];
        if (node.a == a)
            return b;
        if (node.a < a) {
            const Expression rest = either(a, node.b);
            return intern({.kind = Kind::either,
                           .nullable = nullable(node.a) || nullable(rest),
                           .a = node.a,
                           .b = rest});
        }
    } else if (b < a) {
        std::swap(a, b);
    }
    return intern({.kind = Kind::either, .nullable = nullable(a) || nullable(b), .a = a, .b = b});
}

Expression Expressions::both(Expression a, Expression b) {
    if (a == b || b == anything)
        return a;
    if (a == anything)
        return b;
    if (a == nothing || b == nothing)
        return nothing;
    if (a > b)
        std::swap(a, b);
    return intern({.kind = Kind::both, .nullable = nullable(a) && nullable(b), .a = a, .b = b});
}

Expression Expressions::complement(Expression a) {
    if (a == nothing)
        return anything;
    return intern({.kind = Kind::complement, .nullable = !nullable(a), .a = a});
}

Expression Expressions::butNot(Expression a, Expression excluded) {
    return both(a, complement(excluded));
}

Expression Expressions::repeat(Expression what, std::uint32_t least, std::uint32_t most) {
    if (most == 0)
        return emptyString;
    if (what == nothing)
        return least == 0 ? emptyString : nothing;
    if (what == emptyString || (least == 1 && most == 1))
        return what;
    if (nullable(what))
        least = 0;
    return intern(
        {.kind = Kind::repeat, .nullable = least == 0, .a = what, .least = least, .most = most});
}

Expression Expressions::within(Expression what, ByteSet bytes) {
    return both(what, repeat(set(bytes), 0, unbounded));
}

Expression Expressions::derive(Expression id, unsigned char byte) {
    if (id == nothing || id == emptyString || !documentBytes.has(byte))
        return nothing;
    if (id == anything)
        return anything;
    const Node node = nodes_[id];
    if (node.kind == Kind::set)
        return node.bytes.has(byte) ? emptyString : nothing;
    const std::uint32_t hash = mixed(7, id, byte);
    const std::uint32_t found = derivedTable_.find(hash, [&](std::uint32_t number) {
        return derived_[number].from == id && derived_[number].byte == byte;
    });
    if (found != Table::none)
        return derived_[found].to;
    Expression result = nothing;
    switch (node.kind) {
    case Kind::sequence:
        result = sequence(derive(node.a, byte), node.b);
        if (nullable(node.a))
            result = either(result, derive(node.b, byte));
        break;
    case Kind::either:
        result = either(derive(node.a, byte), derive(node.b, byte));
        break;
    case Kind::both:
        result = both(derive(node.a, byte), derive(node.b, byte));
        break;
    case Kind::complement:
        result = complement(derive(node.a, byte));
        break;
    case Kind::repeat: {
        const Expression head = derive(node.a, byte);
        if (head != nothing)
            result = sequence(head, repeat(node.a, node.least == 0 ? 0 : node.least - 1,
                                           node.most == unbounded ? unbounded : node.most - 1));
        break;
    }
    default:
        break;
    }
    derived_.push_back({id, byte, result});
    derivedTable_.insert(hash, static_cast<std::uint32_t>(derived_.size() - 1));
    return result;
}

std::size_t Expressions::bytes() const {
    return nodes_.capacity() * sizeof(Node) + table_.bytes() +
           derived_.capacity() * sizeof(Derived) + derivedTable_.bytes();
}

} // namespace hostcompat::relaxng
