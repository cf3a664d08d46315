// SPDX-License-Identifier: LGPL-2.1-or-later
// Regular expressions over ASCII bytes, shared where equal, read byte by byte through derivatives.
#pragma once

#include "driver/relaxng/table.hpp"

#include <cstdint>
#include <string_view>
#include <vector>

namespace hostcompat::relaxng {

/// A set of ASCII bytes.
struct ByteSet {
    std::uint64_t low = 0;
    std::uint64_t high = 0;

    constexpr void add(unsigned char byte) {
        if (byte < 64)
            low |= std::uint64_t{1} << byte;
        else if (byte < 128)
            high |= std::uint64_t{1} << (byte - 64);
    }
    constexpr void add(unsigned char first, unsigned char last) {
        for (unsigned byte = first; byte <= last && byte < 128; ++byte)
            add(static_cast<unsigned char>(byte));
    }
    constexpr bool has(unsigned char byte) const {
        if (byte < 64)
            return ((low >> byte) & 1U) != 0;
        return byte < 128 && ((high >> (byte - 64)) & 1U) != 0;
    }
    constexpr bool empty() const {
        return low == 0 && high == 0;
    }
    bool operator==(const ByteSet&) const = default;
};

constexpr ByteSet operator|(ByteSet a, ByteSet b) {
    return {a.low | b.low, a.high | b.high};
}
constexpr ByteSet operator&(ByteSet a, ByteSet b) {
    return {a.low & b.low, a.high & b.high};
}
constexpr ByteSet operator~(ByteSet a) {
    return {~a.low, ~a.high};
}

/// The bytes that a document of the scanner's subset can hold: tab, line feed, 0x20 to 0x7E.
inline constexpr ByteSet documentBytes = [] {
    ByteSet set;
    set.add('\t');
    set.add('\n');
    set.add(0x20, 0x7e);
    return set;
}();

/// Number of an expression in its Expressions.
using Expression = std::uint32_t;

/// An arena of expressions: equal ones are one. Copyable; copies grow apart.
class Expressions {
public:
    Expressions();

    static constexpr Expression nothing = 0; ///< matches no string
    static constexpr Expression emptyString = 1;
    static constexpr Expression anything = 2; ///< any string of documentBytes
    static constexpr std::uint32_t unbounded = 0xffffffff;

    /// Matches no string either, and is not simplified away: for values that exist and are not
    /// known here.
    Expression never();
    Expression set(ByteSet bytes);
    Expression literal(std::string_view text);
    Expression sequence(Expression first, Expression second);
    Expression either(Expression a, Expression b);
    Expression both(Expression a, Expression b);
    Expression butNot(Expression a, Expression excluded);
    /// At least `least` and at most `most` (or unbounded) times.
    Expression repeat(Expression what, std::uint32_t least, std::uint32_t most);
    /// Strings of `what` whose bytes all lie in `bytes`.
    Expression within(Expression what, ByteSet bytes);

    /// Whether the empty string matches.
    bool nullable(Expression id) const {
        return nodes_[id].nullable;
    }
    /// What must follow `byte` so that the whole matches; `nothing` where it cannot begin a match.
    Expression derive(Expression id, unsigned char byte);

    std::size_t size() const {
        return nodes_.size();
    }
    std::size_t bytes() const;

private:
    enum class Kind : std::uint8_t {
        nothing,
        empty,
        set,
        sequence,
        either,
        both,
        complement,
        repeat
    };
    struct Node {
        Kind kind = Kind::nothing;
        bool nullable = false;
        Expression a = 0;
        Expression b = 0;
        std::uint32_t least = 0;
        std::uint32_t most = 0;
        ByteSet bytes = {};
    };

    Expression intern(const Node& node);
    Expression complement(Expression a);

    std::vector<Node> nodes_;
    Table table_;
    struct Derived {
        Expression from = 0;
        unsigned char byte = 0;
        Expression to = 0;
    };
    std::vector<Derived> derived_;
    Table derivedTable_;
};

} // namespace hostcompat::relaxng
