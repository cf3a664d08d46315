// SPDX-License-Identifier: LGPL-2.1-or-later
// Generates random values from the expressions of a grammar, and the limits of common types.
#include "xml-tests/differential/values.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace hostcompat::differential {

namespace {

constexpr std::array<std::string_view, 40> edges = {"",
                                                    " ",
                                                    "0",
                                                    "1",
                                                    "-1",
                                                    "-0",
                                                    "+1",
                                                    "00",
                                                    "01",
                                                    " 1",
                                                    "1 ",
                                                    "1\n",
                                                    "\t1",
                                                    "9",
                                                    "10",
                                                    "254",
                                                    "255",
                                                    "256",
                                                    "65535",
                                                    "65536",
                                                    "2147483647",
                                                    "2147483648",
                                                    "-2147483648",
                                                    "-2147483649",
                                                    "4294967295",
                                                    "4294967296",
                                                    "18446744073709551615",
                                                    "18446744073709551616",
                                                    "999999999999999999",
                                                    "1000000000000000000",
                                                    "99999999999999999999999999",
                                                    "1.5",
                                                    "1e3",
                                                    "0x1F",
                                                    "yes",
                                                    "no",
                                                    " yes",
                                                    "a  b",
                                                    "a b",
                                                    "&amp;"};

/// Collects the data in a content, without that of the elements in it.
void collect(const relaxng::Patterns& patterns, relaxng::Pattern p,
             std::vector<relaxng::Expression>& data) {
    using NodeKind = relaxng::Patterns::Kind;
    const relaxng::Patterns::Node& node = patterns.node(p);
    if (node.kind == NodeKind::data)
        data.push_back(node.a);
    if (node.kind == NodeKind::oneOrMore)
        collect(patterns, node.a, data);
    if (node.kind == NodeKind::choice || node.kind == NodeKind::group ||
        node.kind == NodeKind::interleave) {
        collect(patterns, node.a, data);
        collect(patterns, node.b, data);
    }
}

} // namespace

Values::Values(const relaxng::AcceptorGrammar& grammar) : expressions_(grammar.expressions) {
    using NodeKind = relaxng::Patterns::Kind;
    const auto names = [&](relaxng::NameClass id) {
        const relaxng::Patterns::NameNode& node = grammar.patterns.nameNode(id);
        return node.kind == relaxng::Patterns::NameNode::Kind::name
                   ? std::string(grammar.symbols.name(node.a))
                   : std::string();
    };
    for (relaxng::Pattern p = 0; p < grammar.patterns.size(); ++p) {
        const relaxng::Patterns::Node& node = grammar.patterns.node(p);
        if (node.kind == NodeKind::attribute)
            add(names(node.a), node.b);
        if (node.kind == NodeKind::data)
            add("", node.a);
        if (node.kind == NodeKind::element) {
            std::vector<relaxng::Expression> data;
            collect(grammar.patterns, grammar.bodies[node.b], data);
            for (const relaxng::Expression e : data)
                add(names(node.a), e);
        }
    }
}

void Values::add(const std::string& name, relaxng::Expression expression) {
    byName_[name].push_back(expression);
    if (std::ranges::find(all_, expression) == all_.end())
        all_.push_back(expression);
}

std::string Values::sample(relaxng::Expression expression, Random& random) {
    for (int attempt = 0; attempt < 8; ++attempt) {
        std::string result;
        relaxng::Expression rest = expression;
        const std::size_t enough = below(random, 12);
        for (int length = 0; length < 300; ++length) {
            if (expressions_.nullable(rest) && result.size() >= enough)
                return result;
            // Start with a random byte, and take the nearest one that is possible.
            const std::size_t start = below(random, 96);
            relaxng::Expression next = relaxng::Expressions::nothing;
            for (std::size_t i = 0; i < 98 && next == relaxng::Expressions::nothing; ++i) {
                const std::size_t pick = (start + i) % 98;
                const char byte = pick == 96   ? '\t'
                                  : pick == 97 ? '\n'
                                               : static_cast<char>(0x20 + pick);
                next = expressions_.derive(rest, static_cast<unsigned char>(byte));
                if (next != relaxng::Expressions::nothing)
                    result += byte;
            }
            if (next == relaxng::Expressions::nothing)
                break;
            rest = next;
        }
        if (expressions_.nullable(rest))
            return result;
    }
    return {};
}

std::string Values::make(const std::string& name, Random& random) {
    const std::size_t kind = below(random, 10);
    if (kind < 2)
        return std::string(edges[below(random, edges.size())]);
    const auto found = byName_.find(name);
    const std::vector<relaxng::Expression>& from =
        found == byName_.end() || kind == 2 ? all_ : found->second;
    if (from.empty())
        return "x";
    std::string value = sample(from[below(random, from.size())], random);
    if (kind == 3 && !value.empty()) {
        const std::size_t at = below(random, value.size());
        if (below(random, 2) == 0)
            value.erase(at, 1);
        else
            value.insert(at, 1, value[below(random, value.size())]);
    }
    return value;
}

} // namespace hostcompat::differential
