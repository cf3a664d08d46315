// SPDX-License-Identifier: LGPL-2.1-or-later
// Accepts a subset of RFC 3986 for the names of namespaces.
#include "driver/xml/namespace_name.hpp"

#include "driver/xml/characters.hpp"

#include <algorithm>

namespace hostcompat::xml {

namespace {

bool isAlpha(char byte) {
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

bool isHexDigit(char byte) {
    return isDigit(byte) || (byte >= 'a' && byte <= 'f') || (byte >= 'A' && byte <= 'F');
}

/// Accepts the RFC's pchar, '/' and '?'; '%' only with two digits; '&' only in "&amp;".
bool hasOnlyUriCharacters(std::string_view text) {
    constexpr std::string_view others = "-._~!$'()*+,;=:@/?";
    for (std::size_t at = 0; at < text.size(); ++at) {
        const std::string_view rest = text.substr(at);
        if (rest.front() == '%') {
            if (rest.size() < 3 || !isHexDigit(rest[1]) || !isHexDigit(rest[2]))
                return false;
        } else if (rest.front() == '&') {
            if (!rest.starts_with("&amp;"))
                return false;
        } else if (!isAlpha(rest.front()) && !isDigit(rest.front()) &&
                   !others.contains(rest.front())) {
            return false;
        }
    }
    return true;
}

bool isScheme(std::string_view scheme) {
    return !scheme.empty() && isAlpha(scheme.front()) && std::ranges::all_of(scheme, [](char byte) {
        return isAlpha(byte) || isDigit(byte) || byte == '+' || byte == '-' || byte == '.';
    });
}

/// libxml2 checks "&amp;" as "&#38;" (xmlParseStartTag2() keeps the reference). Its '#' begins the
/// fragment, which must not contain another '#'.
bool hasOneFragmentForLibxml2(std::string_view value) {
    return std::ranges::count_if(value, [](char byte) { return byte == '#' || byte == '&'; }) <= 1;
}

/// A name, optionally followed by a port of up to five digits.
bool isAuthority(std::string_view authority) {
    if (authority.contains('@'))
        return false;
    const auto colon = authority.find(':');
    if (colon == std::string_view::npos)
        return true;
    const std::string_view port = authority.substr(colon + 1);
    return !port.empty() && port.size() <= 5 && std::ranges::all_of(port, isDigit);
}

} // namespace

bool isNamespaceName(std::string_view value) {
    if (!hasOneFragmentForLibxml2(value))
        return false;
    const auto hash = value.find('#');
    if (hash != std::string_view::npos && !hasOnlyUriCharacters(value.substr(hash + 1)))
        return false;
    std::string_view rest = value.substr(0, hash);
    if (!hasOnlyUriCharacters(rest))
        return false;
    if (const auto colon = rest.find(':'); colon < rest.find_first_of("/?")) {
        if (!isScheme(rest.substr(0, colon)))
            return false;
        rest.remove_prefix(colon + 1);
    }
    if (!rest.starts_with("//"))
        return true;
    rest.remove_prefix(2);
    return isAuthority(rest.substr(0, rest.find_first_of("/?")));
}

} // namespace hostcompat::xml
