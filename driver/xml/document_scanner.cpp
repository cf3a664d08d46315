// SPDX-License-Identifier: LGPL-2.1-or-later
// Scans everything except tags: declaration, comments, instructions, text and references.
#include "driver/xml/document_scanner.hpp"

#include "driver/text/utf8.hpp"
#include "driver/xml/well_formed.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace hostcompat::xml {

namespace {

bool equalsIgnoringCase(std::string_view left, std::string_view right) {
    return std::ranges::equal(left, right, [](char a, char b) {
        const auto lower = [](char c) {
            return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
        };
        return lower(a) == lower(b);
    });
}

/// Whether the bytes, which are UTF-8, have the same meaning in the declared encoding. That is so
/// for UTF-8 itself, and for encodings that extend ASCII if all the bytes are ASCII.
bool fitsEncoding(std::string_view encoding, std::string_view bytes) {
    const auto is = [&](std::string_view name) { return equalsIgnoringCase(encoding, name); };
    if (is("UTF-8") || is("UTF8"))
        return true;
    const bool extendsAscii = is("US-ASCII") || is("ASCII") || is("latin1") ||
                              equalsIgnoringCase(encoding.substr(0, 9), "ISO-8859-") ||
                              equalsIgnoringCase(encoding.substr(0, 10), "windows-12");
    return extendsAscii && std::ranges::all_of(bytes, [](char byte) {
               return static_cast<signed char>(byte) >= 0;
           });
}

} // namespace

std::optional<std::string_view> DocumentScanner::pseudoAttribute(std::string_view name) {
    const std::size_t start = at_;
    if (skipSpace() && skip(name)) {
        skipSpace();
        if (skip("=")) {
            skipSpace();
            const char quote = peek();
            const auto close = quote == '"' || quote == '\'' ? bytes_.find(quote, at_ + 1)
                                                             : std::string_view::npos;
            if (close != std::string_view::npos) {
                const auto value = bytes_.substr(at_ + 1, close - at_ - 1);
                at_ = close + 1;
                return value;
            }
        }
    }
    at_ = start;
    return std::nullopt;
}

bool DocumentScanner::declaration() {
    const std::size_t start = at_;
    at_ += 5;
    const auto version = pseudoAttribute("version");
    if (!version)
        return fail(start, "the XML declaration does not begin with a version");
    if (*version != "1.0")
        return fail(start, fmt::format("it is XML {}, not 1.0", text::clipped(*version)));
    const auto encoding = pseudoAttribute("encoding");
    if (encoding && !fitsEncoding(*encoding, bytes_))
        return fail(start,
                    fmt::format("it declares the encoding {}, not UTF-8", text::clipped(*encoding)),
                    "convert it to UTF-8");
    const auto standalone = pseudoAttribute("standalone");
    if (standalone && *standalone != "yes" && *standalone != "no")
        return fail(start, "standalone in the XML declaration is neither yes nor no");
    skipSpace();
    return skip("?>") || fail(start, "the XML declaration is malformed");
}

bool DocumentScanner::misc(bool beforeRoot) {
    for (;;) {
        skipSpace();
        if (atEnd())
            return beforeRoot ? fail(at_, "there is no element in it") : true;
        if (peek() != '<')
            return fail(at_, beforeRoot ? "there is text before the first element"
                                        : "there is text after the end of the document's element");
        if (rest().starts_with("<!") || rest().starts_with("<?")) {
            if (rest().starts_with("<![CDATA["))
                return fail(at_, "there is CDATA outside of any element");
            if (!markup())
                return false;
        } else if (rest().starts_with("</")) {
            return fail(at_, "there is an end tag, but no element is open");
        } else if (beforeRoot) {
            return true;
        } else {
            return fail(at_, "there is a second element at the top of the document");
        }
    }
}

bool DocumentScanner::countNode() {
    return ++nodes_ <= kMaximumNodes ||
           fail(at_, fmt::format("it has more than {} elements, attributes and comments",
                                 kMaximumNodes));
}

bool DocumentScanner::markup() {
    if (!countNode())
        return false;
    if (rest().starts_with("<!--"))
        return comment();
    if (rest().starts_with("<?"))
        return instruction();
    if (rest().starts_with("<![CDATA["))
        return cdata();
    if (rest().starts_with("<!DOCTYPE"))
        return fail(at_, "it has a DOCTYPE, which is not accepted", "remove the DOCTYPE");
    return fail(at_, "'<!' begins neither a comment nor CDATA");
}

bool DocumentScanner::comment() {
    const std::size_t start = at_;
    const auto dashes = bytes_.find("--", at_ + 4);
    if (dashes == std::string_view::npos)
        return fail(start, "a comment is not closed");
    at_ = dashes + 2;
    return skip(">") || fail(dashes, "a comment contains '--'");
}

bool DocumentScanner::cdata() {
    const auto close = bytes_.find("]]>", at_ + 9);
    if (close == std::string_view::npos)
        return fail(at_, "a CDATA section is not closed");
    at_ = close + 3;
    return true;
}

bool DocumentScanner::instruction() {
    const std::size_t start = at_;
    at_ += 2;
    const auto target = scanName();
    if (equalsIgnoringCase(target, "xml"))
        return fail(start, "there is an XML declaration that is not at the very start");
    if (!isNcName(target))
        return fail(start, "a processing instruction has no valid name");
    const bool spaced = skipSpace();
    const auto close = bytes_.find("?>", at_);
    if (close == std::string_view::npos)
        return fail(start, fmt::format("the processing instruction '{}' is not closed",
                                       text::clipped(target)));
    if (!spaced && close != at_)
        return fail(start, "a processing instruction has no valid name");
    at_ = close + 2;
    return true;
}

bool DocumentScanner::elements() {
    do {
        if (peek() == '<') {
            const char next = at_ + 1 < bytes_.size() ? bytes_[at_ + 1] : '\0';
            const bool fine = next == '/'                  ? endTag()
                              : next == '!' || next == '?' ? markup()
                                                           : startTag();
            if (!fine)
                return false;
        } else if (!text()) {
            return false;
        }
    } while (!open_.empty());
    return true;
}

bool DocumentScanner::text() {
    for (; !atEnd(); ++at_) {
        const char byte = bytes_[at_];
        if (byte == '<')
            return true;
        if (byte == ']' && rest().starts_with("]]>"))
            return fail(at_, "']]>' is outside of a CDATA section");
        if (byte == '&') {
            if (!reference())
                return false;
            --at_;
        }
    }
    return fail(bytes_.size(),
                fmt::format("it ends inside <{}>, which line {} opens", text::clipped(open_.back()),
                            lineAt(offsetOf(open_.back()))));
}

bool DocumentScanner::reference() {
    const std::size_t start = at_++;
    if (skip("#")) {
        const unsigned base = skip("x") ? 16 : 10;
        char32_t value = 0;
        const std::size_t digits = at_;
        for (; !atEnd() && value <= 0x10FFFF; ++at_) {
            const char byte = bytes_[at_];
            if (byte >= '0' && byte <= '9')
                value = value * base + static_cast<char32_t>(byte - '0');
            else if (base == 16 && ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'f'))
                value = value * base + static_cast<char32_t>((byte | 0x20) - 'a' + 10);
            else
                break;
        }
        if (at_ == digits || (value <= 0x10FFFF && peek() != ';'))
            return fail(start, "a character reference is malformed");
        if (!isXmlCharacter(value))
            return fail(start, "a character reference names a character that XML does not allow");
        ++at_;
        return true;
    }
    const auto name = scanName();
    if (name.empty() || peek() != ';')
        return fail(start, "'&' does not begin a reference", "write '&amp;' instead");
    ++at_;
    constexpr std::array<std::string_view, 5> kPredefined{"amp", "lt", "gt", "quot", "apos"};
    if (std::ranges::find(kPredefined, name) == kPredefined.end())
        return fail(start, fmt::format("the entity '&{};' is not defined", text::clipped(name)));
    return true;
}

} // namespace hostcompat::xml
