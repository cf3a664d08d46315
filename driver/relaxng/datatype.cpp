// SPDX-License-Identifier: LGPL-2.1-or-later
// Compiles datatypes and ranges of integers to expressions.
#include "driver/relaxng/datatype.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

namespace hostcompat::relaxng {

namespace {

constexpr long long widest = 999'999'999'999'999'999;

ByteSet digits(char first = '0', char last = '9') {
    ByteSet set;
    set.add(static_cast<unsigned char>(first), static_cast<unsigned char>(last));
    return set;
}

Expression digitsBetween(Expressions& e, char first, char last, std::uint32_t count) {
    return e.sequence(e.set(digits(first, last)), e.repeat(e.set(digits()), count, count));
}

bool isAll(std::string_view text, char digit) {
    return text.find_first_not_of(digit) == std::string_view::npos;
}

/// Numbers with the same number of digits from `least` to `most`, in decimal.
Expression sameLength(Expressions& e, std::string_view least, std::string_view most) {
    if (least.empty())
        return Expressions::emptyString;
    const auto rest = static_cast<std::uint32_t>(least.size() - 1);
    char low = least.front();
    char high = most.front();
    const std::string_view lowRest = least.substr(1);
    const std::string_view highRest = most.substr(1);
    if (low == high)
        return e.sequence(e.set(digits(low, low)), sameLength(e, lowRest, highRest));
    Expression result = Expressions::nothing;
    if (!isAll(lowRest, '0')) {
        result =
            e.sequence(e.set(digits(low, low)), sameLength(e, lowRest, std::string(rest, '9')));
        ++low;
    }
    if (!isAll(highRest, '9')) {
        result = e.either(result, e.sequence(e.set(digits(high, high)),
                                             sameLength(e, std::string(rest, '0'), highRest)));
        --high;
    }
    return low <= high ? e.either(result, digitsBetween(e, low, high, rest)) : result;
}

/// The largest number with this many digits.
long long nines(std::size_t count) {
    return std::stoll(std::string(count, '9'));
}

/// Numbers from `least` to `most`, which are not negative.
Expression naturals(Expressions& e, long long least, long long most) {
    Expression result = Expressions::nothing;
    if (least == 0 && most >= 0) {
        result = e.literal("0");
        least = 1;
    }
    while (least <= most) {
        const std::string first = std::to_string(least);
        std::size_t longest = first.size();
        long long last = std::min(most, nines(longest));
        if (first.front() == '1' && isAll(std::string_view(first).substr(1), '0') &&
            last == nines(longest)) {
            // All numbers with this many digits or more are one expression.
            while (longest < 18 && nines(longest + 1) <= most)
                ++longest;
            last = nines(longest);
            result =
                e.either(result, e.sequence(e.set(digits('1', '9')),
                                            e.repeat(e.set(digits()),
                                                     static_cast<std::uint32_t>(first.size() - 1),
                                                     static_cast<std::uint32_t>(longest - 1))));
        } else {
            result = e.either(result, sameLength(e, first, std::to_string(last)));
        }
        least = last + 1;
    }
    return result;
}

struct IntegerType {
    std::string_view name;
    long long least;
    long long most;
};

/// The integer types of XML Schema part 2, 3.3.13 and following. Wider ranges are limited to 18
/// digits.
constexpr std::array<IntegerType, 13> integerTypes = {{
    {"integer", -widest, widest},
    {"nonPositiveInteger", -widest, 0},
    {"negativeInteger", -widest, -1},
    {"nonNegativeInteger", 0, widest},
    {"positiveInteger", 1, widest},
    {"long", -widest, widest},
    {"int", std::numeric_limits<std::int32_t>::min(), std::numeric_limits<std::int32_t>::max()},
    {"short", -32768, 32767},
    {"byte", -128, 127},
    {"unsignedLong", 0, widest},
    {"unsignedInt", 0, std::numeric_limits<std::uint32_t>::max()},
    {"unsignedShort", 0, 65535},
    {"unsignedByte", 0, 255},
}};

/// XSD types that exist, but of which no value is accepted here.
constexpr std::array<std::string_view, 19> otherTypes = {
    "dateTime",  "date",  "time",      "duration",     "gYear",   "gYearMonth", "gMonth",
    "gMonthDay", "gDay",  "hexBinary", "base64Binary", "QName",   "NOTATION",   "language",
    "ID",        "IDREF", "IDREFS",    "ENTITY",       "ENTITIES"};

/// A bound as a number with at most 18 digits. A wider bound is limited to them, so only values
/// with more digits are not accepted.
std::optional<long long> bound(std::string_view text) {
    long long value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (end != text.data() + text.size() || text.empty())
        return std::nullopt;
    if (error == std::errc::result_out_of_range)
        return text.front() == '-' ? -widest - 1 : widest + 1;
    return value;
}

std::optional<std::uint32_t> count(std::string_view text) {
    const auto value = bound(text);
    if (!value || *value < 0 || *value > 100'000)
        return std::nullopt;
    return static_cast<std::uint32_t>(*value);
}

/// The values of a type that has no numeric order; nullopt for an unknown type.
std::optional<Expression> textual(Expressions& e, std::string_view type) {
    ByteSet visible;
    visible.add(0x21, 0x7e);
    ByteSet spaced = visible;
    spaced.add(' ');
    ByteSet letters = digits('a', 'z');
    letters.add('A', 'Z');
    ByteSet start = letters;
    start.add('_');
    ByteSet rest = start | digits();
    rest.add('-');
    rest.add('.');
    const auto many = [&](ByteSet set) { return e.repeat(e.set(set), 0, Expressions::unbounded); };
    const auto some = [&](ByteSet set) { return e.repeat(e.set(set), 1, Expressions::unbounded); };
    if (type == "string")
        return Expressions::anything;
    if (type == "normalizedString")
        return many(spaced);
    if (type == "token")
        return e.repeat(
            e.sequence(some(visible), e.repeat(e.sequence(e.literal(" "), some(visible)), 0,
                                               Expressions::unbounded)),
            0, 1);
    if (type == "NMTOKEN")
        return some(rest);
    if (type == "Name" || type == "NCName")
        return e.sequence(e.set(start), many(rest));
    if (type == "boolean")
        return e.either(e.either(e.literal("true"), e.literal("false")), e.set(digits('0', '1')));
    if (type == "anyURI") {
        ByteSet path = rest;
        path.add('/');
        return e.sequence(e.set(letters), many(path));
    }
    if (type == "decimal" || type == "double" || type == "float") {
        const Expression whole = e.repeat(e.set(digits()), 1, 9);
        const Expression part = e.sequence(e.literal("."), e.repeat(e.set(digits()), 1, 6));
        return e.sequence(whole, e.repeat(part, 0, 1));
    }
    return std::nullopt;
}

Datatype unknown(Expressions& e, std::string note) {
    return {.expression = e.never(), .exists = true, .note = std::move(note)};
}

Datatype integer(Expressions& e, const IntegerType& type, const std::vector<Facet>& facets) {
    long long least = type.least;
    long long most = type.most;
    Expression patterns = Expressions::anything;
    for (const Facet& facet : facets) {
        const auto limit = bound(facet.value);
        if (facet.name == "pattern") {
            const auto pattern = parsePattern(e, facet.value);
            if (!pattern)
                return unknown(e, "the pattern " + std::string(facet.value));
            patterns = e.both(patterns, *pattern);
        } else if (!limit) {
            return unknown(e, "the bound " + std::string(facet.value));
        } else if (facet.name == "minInclusive") {
            least = std::max(least, *limit);
        } else if (facet.name == "maxInclusive") {
            most = std::min(most, *limit);
        } else if (facet.name == "minExclusive") {
            least = std::max(least, *limit + 1);
        } else if (facet.name == "maxExclusive") {
            most = std::min(most, *limit - 1);
        } else {
            return unknown(e, "the facet " + std::string(facet.name));
        }
    }
    return {.expression = e.both(integersBetween(e, least, most), patterns),
            .exists = true,
            .note = {}};
}

} // namespace

Expression integersBetween(Expressions& e, long long least, long long most) {
    least = std::max(least, -widest);
    most = std::min(most, widest);
    Expression result = naturals(e, std::max(least, 0LL), most);
    if (least < 0)
        result =
            e.either(result, e.sequence(e.literal("-"),
                                        naturals(e, std::max(1LL, -std::min(most, -1LL)), -least)));
    return result;
}

std::string normalizedSpace(std::string_view text) {
    std::string result;
    bool pending = false;
    for (const char byte : text) {
        if (byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r') {
            pending = !result.empty();
            continue;
        }
        if (pending)
            result += ' ';
        pending = false;
        result += byte;
    }
    return result;
}

Datatype datatype(Expressions& e, bool xsd, std::string_view type,
                  const std::vector<Facet>& facets) {
    static constexpr std::array<std::string_view, 8> known = {
        "pattern",      "length",       "minLength",    "maxLength",
        "minInclusive", "maxInclusive", "minExclusive", "maxExclusive"};
    Datatype broken{.expression = Expressions::nothing, .exists = false, .note = {}};
    if (!xsd && ((type != "string" && type != "token") || !facets.empty()))
        return broken;
    for (const Facet& facet : facets)
        if (std::ranges::find(known, facet.name) == known.end())
            return facet.name == "totalDigits" || facet.name == "fractionDigits"
                       ? unknown(e, "the facet " + std::string(facet.name))
                       : broken;
    for (const IntegerType& candidate : integerTypes)
        if (candidate.name == type)
            return integer(e, candidate, facets);
    const auto base = textual(e, type);
    if (!base)
        return std::ranges::find(otherTypes, type) != otherTypes.end()
                   ? unknown(e, "the type " + std::string(type))
                   : broken;
    ByteSet all = documentBytes;
    Expression result = *base;
    for (const Facet& facet : facets) {
        const auto length = count(facet.value);
        if (facet.name == "pattern") {
            const auto pattern = parsePattern(e, facet.value);
            if (!pattern)
                return unknown(e, "the pattern " + std::string(facet.value));
            result = e.both(result, *pattern);
        } else if (!length || (type != "string" && type != "token")) {
            return unknown(e, "the facet " + std::string(facet.name) + " of " + std::string(type));
        } else if (facet.name == "length") {
            result = e.both(result, e.repeat(e.set(all), *length, *length));
        } else if (facet.name == "minLength") {
            result = e.both(result, e.repeat(e.set(all), *length, Expressions::unbounded));
        } else if (facet.name == "maxLength") {
            result = e.both(result, e.repeat(e.set(all), 0, *length));
        } else {
            return unknown(e, "the facet " + std::string(facet.name) + " of " + std::string(type));
        }
    }
    return {.expression = result, .exists = true, .note = {}};
}

} // namespace hostcompat::relaxng
