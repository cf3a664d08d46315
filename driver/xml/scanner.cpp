// SPDX-License-Identifier: LGPL-2.1-or-later
// The rare parts of the scanner: the XML declaration and comments.
#include "driver/xml/scanner.hpp"

namespace hostcompat::xml::scanning {

namespace {

/// Reads `name`, '=' and a quoted value; null if they are not there.
const char* skipPseudoAttribute(const char* at, const char* end, std::string_view name,
                                std::string_view& value) {
    if (!is(at, blank))
        return nullptr;
    at = skipBlank(at, end);
    if (!startsWith(at, end, name))
        return nullptr;
    at = skipBlank(at + name.size(), end);
    if (*at != '=')
        return nullptr;
    at = skipBlank(at + 1, end);
    const char quote = *at;
    if (quote != '\'' && quote != '"')
        return nullptr;
    const char* const start = ++at;
    while (is(at, nameRest))
        ++at;
    if (*at != quote)
        return nullptr;
    value = std::string_view(start, static_cast<std::size_t>(at - start));
    return at + 1;
}

} // namespace

const char* skipDeclaration(const char* at, const char* end) {
    if (!startsWith(at, end, "<?xml"))
        return at;
    std::string_view value;
    at = skipPseudoAttribute(at + 5, end, "version", value);
    if (at == nullptr || value != "1.0")
        return nullptr;
    if (const char* next = skipPseudoAttribute(at, end, "encoding", value); next != nullptr) {
        if (value != "UTF-8" && value != "utf-8")
            return nullptr;
        at = next;
    }
    if (const char* next = skipPseudoAttribute(at, end, "standalone", value); next != nullptr) {
        if (value != "yes" && value != "no")
            return nullptr;
        at = next;
    }
    at = skipBlank(at, end);
    return startsWith(at, end, "?>") ? at + 2 : nullptr;
}

const char* skipComment(const char* at, const char* end) {
    if (!startsWith(at, end, "<!--"))
        return nullptr;
    const char* const start = at;
    at += 4;
    for (;;) {
        while (is(at, commentByte))
            ++at;
        if (*at != '-' || static_cast<std::size_t>(at - start) > scanMaxRun)
            return nullptr;
        if (at[1] == '-')
            return at[2] == '>' ? at + 3 : nullptr;
        ++at;
    }
}

const char* skipMisc(const char* at, const char* end) {
    for (;;) {
        at = skipBlank(at, end);
        if (!startsWith(at, end, "<!--"))
            return at;
        at = skipComment(at, end);
        if (at == nullptr)
            return nullptr;
    }
}

} // namespace hostcompat::xml::scanning
