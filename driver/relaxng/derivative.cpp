// SPDX-License-Identifier: LGPL-2.1-or-later
// The derivatives of patterns: what remains after a tag, an attribute or a text.
#include "driver/relaxng/pattern.hpp"

#include <algorithm>

namespace hostcompat::relaxng {

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

template <typename Leaf>
Pattern Patterns::consume(Pattern p, bool inOrder, const Leaf& leaf) {
    const Node node = nodes_[p];
    const auto left = [&] { return consume(node.a, inOrder, leaf); };
    const auto right = [&] { return consume(node.b, inOrder, leaf); };
    switch (node.kind) {
    case Kind::after:
        return after(left(), node.b);
    case Kind::choice: {
        const Pattern first = left();
        return choice(first, right());
    }
    case Kind::group: {
        const Pattern first = group(left(), node.b);
        if (!inOrder)
            return choice(first, group(node.a, right()));
        return nullable(node.a) ? choice(first, right()) : first;
    }
    case Kind::interleave: {
        const Pattern first = interleave(left(), node.b);
        return choice(first, interleave(node.a, right()));
    }
    case Kind::oneOrMore:
        return group(left(), choice(p, empty));
    default:
        return leaf(node);
    }
}

Pattern Patterns::withAttribute(Pattern p, Symbol name, const std::vector<Expression>& matched) {
    return consume(p, false, [&](const Node& node) {
        return node.kind == Kind::attribute && contains(node.a, name) &&
                       std::ranges::find(matched, node.b) != matched.end()
                   ? empty
                   : notAllowed;
    });
}

Pattern Patterns::withText(Pattern p, const std::vector<Expression>& matched) {
    return consume(p, true, [&](const Node& node) {
        if (node.kind == Kind::text)
            return text;
        return node.kind == Kind::data && std::ranges::find(matched, node.a) != matched.end()
                   ? empty
                   : notAllowed;
    });
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

} // namespace hostcompat::relaxng
