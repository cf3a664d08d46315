// SPDX-License-Identifier: LGPL-2.1-or-later
// Mutates documents: changes bytes, lines, attributes, elements and values.
#include "xml-tests/differential/mutation.hpp"

#include "driver/xml/scanner.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <string_view>
#include <utility>

namespace hostcompat::differential {

namespace {

struct Span {
    std::size_t begin = 0;
    std::size_t end = 0;
    std::string name = {};
};

/// The positions of the parts of a document, as far as it can be scanned.
struct Outline {
    const char* base = nullptr;
    std::vector<Span> elements;
    std::vector<Span> attributes; ///< from the white space before the name to the quote
    std::vector<Span> values;     ///< values of attributes, and texts
    std::vector<std::size_t> open;

    std::size_t offset(std::string_view part) const {
        return static_cast<std::size_t>(part.data() - base);
    }
    bool startElement(std::string_view name, std::size_t begin) {
        open.push_back(elements.size());
        elements.push_back({begin, 0, std::string(name)});
        return true;
    }
    bool attribute(std::string_view name, std::string_view value) {
        attributes.push_back({offset(name) - 1, offset(value) + value.size() + 1});
        values.push_back({offset(value), offset(value) + value.size(), std::string(name)});
        return true;
    }
    bool text(std::string_view text) {
        values.push_back({offset(text), offset(text) + text.size(), elements[open.back()].name});
        return true;
    }
    bool endElement(std::string_view, std::size_t, std::size_t end) {
        elements[open.back()].end = end;
        open.pop_back();
        return true;
    }
};

void replace(std::string& document, const Span& span, std::string_view with) {
    document.replace(span.begin, span.end - span.begin, with);
}

/// Exchanges two parts that do not overlap.
void exchange(std::string& document, const Span& one, const Span& other) {
    const Span& first = one.begin < other.begin ? one : other;
    const Span& second = one.begin < other.begin ? other : one;
    const std::string a = document.substr(first.begin, first.end - first.begin);
    const std::string b = document.substr(second.begin, second.end - second.begin);
    replace(document, second, a);
    replace(document, first, b);
}

void mutateBytes(std::string& document, Random& random) {
    static constexpr std::string_view alphabet = "<>/='\"!-?&; \n\tab01:x]\r\xc3\xa9\x01";
    const std::size_t at = below(random, document.size());
    const std::size_t length = std::min(below(random, 12), document.size() - at);
    switch (below(random, 4)) {
    case 0:
        document[at] = alphabet[below(random, alphabet.size())];
        break;
    case 1:
        document.insert(at, 1, alphabet[below(random, alphabet.size())]);
        break;
    case 2:
        document.erase(at, length);
        break;
    default:
        document.insert(below(random, document.size()), document.substr(at, length));
    }
}

void mutateLines(std::string& document, Random& random) {
    std::vector<std::string> lines;
    for (std::size_t at = 0; at < document.size();) {
        const std::size_t end = std::min(document.find('\n', at), document.size() - 1) + 1;
        lines.push_back(document.substr(at, end - at));
        at = end;
    }
    const std::size_t one = below(random, lines.size());
    const std::size_t other = below(random, lines.size());
    switch (below(random, 3)) {
    case 0:
        lines.erase(lines.begin() + static_cast<std::ptrdiff_t>(one));
        break;
    case 1:
        lines.insert(lines.begin() + static_cast<std::ptrdiff_t>(other), lines[one]);
        break;
    default:
        std::swap(lines[one], lines[other]);
    }
    document.clear();
    for (const std::string& line : lines)
        document += line;
}

void mutateElements(std::string& document, const Outline& outline, Random& random) {
    const Span& one = outline.elements[below(random, outline.elements.size())];
    const Span& other = outline.elements[below(random, outline.elements.size())];
    const std::string text = document.substr(one.begin, one.end - one.begin);
    switch (below(random, 5)) {
    case 0:
        replace(document, one, "");
        break;
    case 1:
        document.insert(one.end, text);
        break;
    case 2:
        document.insert(other.begin, text);
        break;
    case 3:
        if (one.end <= other.begin || other.end <= one.begin)
            exchange(document, one, other);
        break;
    default:
        document.insert(below(random, 2) == 0 ? one.begin : one.end,
                        below(random, 3) == 0   ? "<!-- a comment -->"
                        : below(random, 2) == 0 ? "\n \t"
                                                : "text");
    }
}

void mutateAttributes(std::string& document, const Outline& outline, Random& random) {
    const Span& one = outline.attributes[below(random, outline.attributes.size())];
    const Span& other = outline.attributes[below(random, outline.attributes.size())];
    const std::string text = document.substr(one.begin, one.end - one.begin);
    switch (below(random, 3)) {
    case 0:
        replace(document, one, "");
        break;
    case 1:
        document.insert(other.begin, text);
        break;
    default:
        if (&one != &other)
            exchange(document, one, other);
    }
}

} // namespace

std::string mutated(std::string document, Values& values, Random& random) {
    for (std::size_t changes = 1 + below(random, 3); changes > 0 && !document.empty(); --changes) {
        Outline outline;
        outline.base = document.data();
        const bool scanned = xml::scan(document, outline).outcome == xml::Scan::complete;
        const std::size_t kind = below(random, 20);
        if (!scanned || kind < 2) {
            mutateBytes(document, random);
        } else if (kind < 4) {
            mutateLines(document, random);
        } else if (kind < 9) {
            mutateElements(document, outline, random);
        } else if (kind < 11) {
            if (!outline.attributes.empty())
                mutateAttributes(document, outline, random);
        } else if (!outline.values.empty()) {
            const Span& value = outline.values[below(random, outline.values.size())];
            replace(document, value, values.make(value.name, random));
        }
    }
    return document;
}

} // namespace hostcompat::differential
