// SPDX-License-Identifier: LGPL-2.1-or-later
// Scans a strict subset of XML in one pass. A document outside of the subset is "unknown", which
// callers must handle.
//
// Most documents that reach this program are plain: elements, attributes, ASCII. For those one pass
// without allocation is many times faster than a tree. Everything else ends in Scan::unknown, and
// the caller asks libxml2, which alone says what is wrong.
//
// What is scanned is well formed for libxml2 too, and has the same content there. Not in the
// subset: DOCTYPE, CDATA, processing instructions other than the XML declaration, references
// (&...;), names with a colon, xmlns, bytes above 0x7E, carriage returns and '>' in text, tabs and
// line ends in attribute values, more than 64 attributes on an element, depth over scanMaxDepth, a
// run over scanMaxRun bytes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>

namespace hostcompat::xml {

/// How a scan ended.
enum class Scan {
    complete, ///< the whole document was scanned: it is well formed
    stopped,  ///< the handler returned false; what follows was not looked at
    unknown,  ///< outside the subset, or not well formed: ask libxml2
};

/// Deepest element: libxml2 refuses the 257th level without XML_PARSE_HUGE (xmlParserMaxDepth).
inline constexpr std::size_t scanMaxDepth = 256;
/// Longest name, value or text. libxml2's own limits are 50,000 for names and 10,000,000 for texts.
inline constexpr std::size_t scanMaxRun = 40'000;
/// Most attributes on one element.
inline constexpr std::size_t scanMaxAttributes = 64;

/// What a scan ended with, and the offset (bytes from the start) at which it did.
struct ScanResult {
    Scan outcome = Scan::unknown;
    std::size_t offset = 0;
};

namespace scanning {

enum ByteClass : std::uint8_t {
    nameStart = 1,
    nameRest = 2,
    blank = 4,
    attributeByte = 8, ///< may stand in an attribute's value; the quotes are tested apart
    textByte = 16,     ///< may stand in text
    commentByte = 32,  ///< may stand in a comment; '-' is tested apart
    ampersand = 64,
};

constexpr std::array<std::uint8_t, 256> makeClasses() {
    std::array<std::uint8_t, 256> classes{};
    for (int byte = 0x20; byte < 0x7f; ++byte) {
        const bool letter = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
        const bool digit = byte >= '0' && byte <= '9';
        std::uint8_t value = 0;
        if (letter || byte == '_')
            value |= nameStart;
        if (letter || digit || byte == '_' || byte == '-' || byte == '.')
            value |= nameRest;
        if (byte != '<' && byte != '&' && byte != '"' && byte != '\'')
            value |= attributeByte;
        if (byte != '<' && byte != '&' && byte != '>')
            value |= textByte;
        if (byte != '-')
            value |= commentByte;
        classes[static_cast<std::size_t>(byte)] = value;
    }
    classes['&'] |= ampersand;
    classes[' '] |= blank;
    classes['\t'] |= blank | textByte | commentByte;
    classes['\n'] |= blank | textByte | commentByte;
    classes['\r'] |= blank;
    return classes;
}

inline constexpr std::array<std::uint8_t, 256> classes = makeClasses();

inline bool is(const char* byte, std::uint8_t wanted) {
    return (classes[static_cast<unsigned char>(*byte)] & wanted) != 0;
}

inline bool startsWith(const char* at, const char* end, std::string_view text) {
    return static_cast<std::size_t>(end - at) >= text.size() &&
           std::memcmp(at, text.data(), text.size()) == 0;
}

/// Skips white space; indentation eight bytes at a time.
inline const char* skipBlank(const char* at, const char* end) {
    while (end - at >= 8) {
        std::uint64_t word;
        std::memcpy(&word, at, 8);
        if (word != 0x2020202020202020U)
            break;
        at += 8;
    }
    while (is(at, blank))
        ++at;
    return at;
}

/// Skips the XML declaration at the document's start; null if it is outside the subset.
const char* skipDeclaration(const char* at, const char* end);

/// Skips a comment whose "<!" is at `at`; null if it is no comment or not well formed.
const char* skipComment(const char* at, const char* end);

/// Skips white space and comments, as they may stand around the root; null on a bad comment.
const char* skipMisc(const char* at, const char* end);

} // namespace scanning

/// Scans a document and tells the handler what it meets, in document order.
///
/// `document` must be followed by a NUL byte that may be read (std::string's contents are).
/// All views that the handler gets point into it. Offsets count bytes from its start.
/// The handler has any of these members; each returns false to stop the scan:
///   bool startElement(std::string_view name, std::size_t begin)   begin: offset of '<'
///   bool attribute(std::string_view name, std::string_view value)
///   bool startTagEnd(std::size_t end, bool empty)                 end: offset behind '>'
///   bool text(std::string_view text)   a run that is not white space alone, with its white space;
///                                      comments and elements divide runs
///   bool endElement(std::string_view name, std::size_t begin, std::size_t end)
///                                      begin: offset of "</"; of the start tag's end for <a/>
/// A handler with a static member `namespaces` is told "xmlns" as an attribute, and one with
/// `references` is told texts and values with their references as they stand, of which only the
/// handler can say whether they are well formed.
/// Only after Scan::complete is it known that the document is well formed: a handler must keep what
/// it was told and act afterwards.
template <typename Handler>
ScanResult scan(std::string_view document, Handler&& handler) {
    using namespace scanning;
    using Told = std::remove_cvref_t<Handler>;
    constexpr bool namespaces = requires { Told::namespaces; };
    constexpr std::uint8_t reference = requires { Told::references; } ? ampersand : 0;
    const char* const base = document.data();
    const char* const end = base + document.size();
    const char* at = base;
    std::array<std::string_view, scanMaxDepth> open;
    std::array<std::string_view, scanMaxAttributes> seen;
    std::size_t depth = 0;
    const char* name = nullptr;
    std::size_t nameLength = 0;

    const auto offset = [&](const char* place) { return static_cast<std::size_t>(place - base); };
    const auto view = [](const char* from, const char* to) {
        return std::string_view(from, static_cast<std::size_t>(to - from));
    };
    const auto tooLong = [](const char* from, const char* to) {
        return static_cast<std::size_t>(to - from) > scanMaxRun;
    };
#define HOSTCOMPAT_SCAN_UNKNOWN                                                                    \
    return ScanResult {                                                                            \
        Scan::unknown, offset(at)                                                                  \
    }
#define HOSTCOMPAT_SCAN_TELL(member, ...)                                                          \
    if constexpr (requires { handler.member(__VA_ARGS__); }) {                                     \
        if (!handler.member(__VA_ARGS__))                                                          \
            return ScanResult{Scan::stopped, offset(at)};                                          \
    }

    if (const char* next = skipDeclaration(at, end); next != nullptr)
        at = next;
    else
        HOSTCOMPAT_SCAN_UNKNOWN;
    if (const char* next = skipMisc(at, end); next != nullptr)
        at = next;
    else
        HOSTCOMPAT_SCAN_UNKNOWN;
    if (*at != '<' || !is(at + 1, nameStart))
        HOSTCOMPAT_SCAN_UNKNOWN;

    do {
        // Here at is at a '<' that opens a start tag, an end tag or a comment.
        const char* const tag = at++;
        if (is(at, nameStart)) {
            name = at;
            do
                ++at;
            while (is(at, nameRest));
            nameLength = static_cast<std::size_t>(at - name);
            if (depth == scanMaxDepth || nameLength > scanMaxRun)
                HOSTCOMPAT_SCAN_UNKNOWN;
            const std::string_view elementName(name, nameLength);
            HOSTCOMPAT_SCAN_TELL(startElement, elementName, offset(tag))
            std::size_t count = 0;
            std::uint64_t fingerprints = 0;
            for (;;) {
                if (*at == '>' || *at == '/')
                    break;
                if (!is(at, blank))
                    HOSTCOMPAT_SCAN_UNKNOWN;
                do
                    ++at;
                while (is(at, blank));
                if (!is(at, nameStart)) {
                    if (*at == '>' || *at == '/')
                        break;
                    HOSTCOMPAT_SCAN_UNKNOWN;
                }
                const char* const attributeName = at;
                do
                    ++at;
                while (is(at, nameRest));
                const std::string_view key = view(attributeName, at);
                // The fingerprint spares comparing a name with all before it; equal names share it.
                const unsigned bit = (static_cast<unsigned char>(key.front()) +
                                      7U * static_cast<unsigned char>(key.back()) +
                                      13U * static_cast<unsigned>(key.size())) &
                                     63U;
                if (((fingerprints >> bit) & 1U) != 0) {
                    for (std::size_t i = 0; i < count; ++i)
                        if (seen[i] == key)
                            HOSTCOMPAT_SCAN_UNKNOWN;
                }
                fingerprints |= std::uint64_t{1} << bit;
                if (count == scanMaxAttributes || key.size() > scanMaxRun ||
                    (!namespaces && key == "xmlns"))
                    HOSTCOMPAT_SCAN_UNKNOWN;
                seen[count++] = key;
                if (*at != '=') {
                    at = skipBlank(at, end);
                    if (*at != '=')
                        HOSTCOMPAT_SCAN_UNKNOWN;
                }
                ++at;
                if (is(at, blank))
                    at = skipBlank(at, end);
                const char quote = *at;
                if (quote != '\'' && quote != '"')
                    HOSTCOMPAT_SCAN_UNKNOWN;
                const char* const value = ++at;
                for (;;) {
                    while (is(at, attributeByte | reference))
                        ++at;
                    if (*at == quote)
                        break;
                    if (*at != '\'' && *at != '"')
                        HOSTCOMPAT_SCAN_UNKNOWN;
                    ++at;
                }
                if (tooLong(value, at))
                    HOSTCOMPAT_SCAN_UNKNOWN;
                HOSTCOMPAT_SCAN_TELL(attribute, key, view(value, at))
                ++at;
            }
            if (*at == '/') {
                if (at[1] != '>')
                    HOSTCOMPAT_SCAN_UNKNOWN;
                at += 2;
                HOSTCOMPAT_SCAN_TELL(startTagEnd, offset(at), true)
                HOSTCOMPAT_SCAN_TELL(endElement, elementName, offset(at), offset(at))
            } else {
                ++at;
                open[depth++] = elementName;
                HOSTCOMPAT_SCAN_TELL(startTagEnd, offset(at), false)
            }
        } else if (*at == '/') {
            ++at;
            const std::string_view expected = open[depth - 1];
            if (!startsWith(at, end, expected))
                HOSTCOMPAT_SCAN_UNKNOWN;
            at += expected.size();
            if (*at != '>') {
                at = skipBlank(at, end);
                if (*at != '>')
                    HOSTCOMPAT_SCAN_UNKNOWN;
            }
            ++at;
            --depth;
            HOSTCOMPAT_SCAN_TELL(endElement, expected, offset(tag), offset(at))
        } else {
            const char* const next = skipComment(tag, end);
            if (next == nullptr)
                HOSTCOMPAT_SCAN_UNKNOWN;
            at = next;
        }
        if (depth == 0)
            break;
        const char* const run = at;
        at = skipBlank(at, end);
        if (*at != '<') {
            // libxml2 reads a carriage return in text as a line feed.
            if (std::memchr(run, '\r', static_cast<std::size_t>(at - run)) != nullptr)
                HOSTCOMPAT_SCAN_UNKNOWN;
            while (is(at, textByte | reference))
                ++at;
            if (*at != '<' || tooLong(run, at))
                HOSTCOMPAT_SCAN_UNKNOWN;
            HOSTCOMPAT_SCAN_TELL(text, view(run, at))
        }
    } while (true);

    if (const char* next = skipMisc(at, end); next != nullptr)
        at = next;
    if (at != end)
        HOSTCOMPAT_SCAN_UNKNOWN;
    return {Scan::complete, offset(at)};
#undef HOSTCOMPAT_SCAN_TELL
#undef HOSTCOMPAT_SCAN_UNKNOWN
}

} // namespace hostcompat::xml
