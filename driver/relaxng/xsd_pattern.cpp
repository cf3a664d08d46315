// SPDX-License-Identifier: LGPL-2.1-or-later
// Parses XSD's regular expressions, and refuses everything whose meaning is not certain.
#include "driver/relaxng/datatype.hpp"

namespace hostcompat::relaxng {

namespace {

class PatternReader {
public:
    PatternReader(Expressions& expressions, std::string_view text) : e_(expressions), text_(text) {}

    std::optional<Expression> read() {
        const Expression result = alternatives(0);
        if (failed_ || at_ != text_.size())
            return std::nullopt;
        return result;
    }

private:
    static constexpr unsigned deepest = 64;
    static constexpr std::uint32_t mostRepeats = 10'000;

    bool more() const {
        return at_ < text_.size();
    }
    char next() const {
        return text_[at_];
    }
    bool take(char wanted) {
        if (!more() || next() != wanted)
            return false;
        ++at_;
        return true;
    }
    Expression fail() {
        failed_ = true;
        return Expressions::nothing;
    }

    Expression alternatives(unsigned depth) {
        Expression result = branch(depth);
        while (!failed_ && take('|'))
            result = e_.either(result, branch(depth));
        return result;
    }

    Expression branch(unsigned depth) {
        Expression result = Expressions::emptyString;
        while (!failed_ && more() && next() != '|' && next() != ')')
            result = e_.sequence(result, piece(depth));
        return result;
    }

    Expression piece(unsigned depth) {
        const Expression what = atom(depth);
        if (failed_ || !more())
            return what;
        if (take('?'))
            return e_.repeat(what, 0, 1);
        if (take('*'))
            return e_.repeat(what, 0, Expressions::unbounded);
        if (take('+'))
            return e_.repeat(what, 1, Expressions::unbounded);
        if (!take('{'))
            return what;
        const auto least = number();
        if (!least)
            return fail();
        std::uint32_t most = *least;
        if (take(',')) {
            most = Expressions::unbounded;
            if (more() && next() != '}') {
                const auto limit = number();
                if (!limit || *limit < *least)
                    return fail();
                most = *limit;
            }
        }
        if (!take('}'))
            return fail();
        return e_.repeat(what, *least, most);
    }

    std::optional<std::uint32_t> number() {
        std::uint32_t value = 0;
        const std::size_t start = at_;
        while (more() && next() >= '0' && next() <= '9' && value <= mostRepeats)
            value = value * 10 + static_cast<std::uint32_t>(text_[at_++] - '0');
        if (at_ == start || value > mostRepeats)
            return std::nullopt;
        return value;
    }

    Expression atom(unsigned depth) {
        const char byte = text_[at_++];
        switch (byte) {
        case '(': {
            if (depth == deepest)
                return fail();
            const Expression inner = alternatives(depth + 1);
            return take(')') ? inner : fail();
        }
        case '[':
            return e_.set(characterClass());
        case '.': {
            ByteSet lineEnds;
            lineEnds.add('\n');
            return e_.set(documentBytes & ~lineEnds);
        }
        case '\\':
            return e_.set(escape());
        case ')':
        case ']':
        case '{':
        case '}':
        case '?':
        case '*':
        case '+':
        case '|':
            return fail();
        default:
            return e_.set(single(byte));
        }
    }

    ByteSet single(char byte) {
        ByteSet set;
        if (static_cast<unsigned char>(byte) >= 0x80)
            failed_ = true;
        set.add(static_cast<unsigned char>(byte));
        return set;
    }

    /// The set of characters that an escape stands for, after its backslash.
    ByteSet escape() {
        ByteSet set;
        if (!more()) {
            failed_ = true;
            return set;
        }
        const char byte = text_[at_++];
        ByteSet space;
        for (const char blank : {' ', '\t', '\n', '\r'})
            space.add(static_cast<unsigned char>(blank));
        ByteSet digit;
        digit.add('0', '9');
        switch (byte) {
        case 'n':
            return single('\n');
        case 'r':
            return single('\r');
        case 't':
            return single('\t');
        case 's':
            return space;
        case 'S':
            return documentBytes & ~space;
        case 'd':
            return digit;
        case 'D':
            return documentBytes & ~digit;
        case '\\':
        case '|':
        case '.':
        case '-':
        case '^':
        case '?':
        case '*':
        case '+':
        case '{':
        case '}':
        case '(':
        case ')':
        case '[':
        case ']':
            return single(byte);
        default:
            failed_ = true;
            return set;
        }
    }

    ByteSet characterClass() {
        ByteSet set;
        const bool negated = take('^');
        bool first = true;
        for (;; first = false) {
            if (failed_ || !more()) {
                failed_ = true;
                return set;
            }
            const char byte = text_[at_++];
            if (byte == ']' && !first)
                break;
            if (byte == '\\') {
                const bool many =
                    more() && (next() == 's' || next() == 'S' || next() == 'd' || next() == 'D');
                const char escaped = more() ? next() : '\0';
                set = set | escape();
                // A range that starts with an escape is rare, and implementations interpret it
                // differently.
                if (more() && next() == '-' && at_ + 1 < text_.size() && text_[at_ + 1] != ']') {
                    if (many || escaped != '\0')
                        failed_ = true;
                }
                continue;
            }
            if (byte == '[' || byte == ']') {
                failed_ = true;
                return set;
            }
            const bool range =
                more() && next() == '-' && at_ + 1 < text_.size() && text_[at_ + 1] != ']';
            if (byte == '-' && !first && more() && next() != ']') {
                failed_ = true; // "a--b", "[a-[b]]"
                return set;
            }
            if (!range) {
                set = set | single(byte);
                continue;
            }
            ++at_;
            const char last = text_[at_++];
            if (last == '\\' || last == '[' || last == '-' || byte == '-' || last < byte ||
                static_cast<unsigned char>(last) >= 0x80 ||
                static_cast<unsigned char>(byte) >= 0x80) {
                failed_ = true;
                return set;
            }
            set.add(static_cast<unsigned char>(byte), static_cast<unsigned char>(last));
        }
        return negated ? documentBytes & ~set : set;
    }

    Expressions& e_;
    std::string_view text_;
    std::size_t at_ = 0;
    bool failed_ = false;
};

} // namespace

std::optional<Expression> parsePattern(Expressions& expressions, std::string_view pattern) {
    return PatternReader(expressions, pattern).read();
}

} // namespace hostcompat::relaxng
