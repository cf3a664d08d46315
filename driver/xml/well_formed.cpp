// SPDX-License-Identifier: LGPL-2.1-or-later
// One pass over a document that finds the first thing that is not well formed, or too much of
// something.
#include "driver/xml/well_formed.hpp"

#include "driver/io/read_file.hpp"
#include "driver/xml/characters.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

namespace hostcompat {

namespace {

constexpr std::string_view kSpace = " \t\r\n";
constexpr std::string_view kXmlUri = "http://www.w3.org/XML/1998/namespace";
constexpr std::string_view kXmlnsUri = "http://www.w3.org/2000/xmlns/";

struct Attribute {
    std::string_view name;
    std::string_view value;
};

struct Namespace {
    std::string_view prefix;
    std::string_view uri;
    std::size_t depth;
};

std::string_view prefixOf(std::string_view name) {
    const auto colon = name.find(':');
    return colon == std::string_view::npos ? std::string_view() : name.substr(0, colon);
}

std::string_view localNameOf(std::string_view name) {
    const auto colon = name.find(':');
    return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

bool isQualifiedName(std::string_view name) {
    const auto colon = name.find(':');
    return isNcName(localNameOf(name)) &&
           (colon == std::string_view::npos || isNcName(name.substr(0, colon)));
}

bool equalsIgnoringCase(std::string_view left, std::string_view right) {
    return std::ranges::equal(left, right, [](char a, char b) {
        const auto lower = [](char c) {
            return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
        };
        return lower(a) == lower(b);
    });
}

/// Walks over a document. Each function returns false once something is wrong, and then failure()
/// says what.
class Scanner {
public:
    explicit Scanner(std::string_view bytes) : bytes_(bytes) {
        open_.reserve(16);
        attributes_.reserve(16);
    }

    bool document() {
        skip("\xEF\xBB\xBF");
        if (rest().starts_with("<?xml") && rest().size() > 5 && isSpace(rest()[5]) &&
            !declaration())
            return false;
        if (!misc(true) || !elements() || !misc(false))
            return false;
        return true;
    }

    /// What is wrong, where, and what to do. Set only after a function returned false.
    struct Failure {
        std::size_t offset;
        std::string reason;
        std::string remedy;
    };
    const Failure& failure() const {
        return failure_;
    }
    std::size_t lineAt(std::size_t offset) const {
        return 1 + static_cast<std::size_t>(
                       std::ranges::count(bytes_.substr(0, std::min(offset, bytes_.size())), '\n'));
    }

private:
    static bool isSpace(char byte) {
        return kSpace.find(byte) != std::string_view::npos;
    }
    std::string_view rest() const {
        return bytes_.substr(at_);
    }
    bool atEnd() const {
        return at_ >= bytes_.size();
    }
    char peek() const {
        return atEnd() ? '\0' : bytes_[at_];
    }
    bool skip(std::string_view text) {
        if (!rest().starts_with(text))
            return false;
        at_ += text.size();
        return true;
    }
    bool skipSpace() {
        const std::size_t start = at_;
        while (!atEnd() && isSpace(bytes_[at_]))
            ++at_;
        return at_ != start;
    }
    std::string_view scanName() {
        const std::size_t start = at_;
        while (!atEnd() && isNameByte(bytes_[at_]))
            ++at_;
        return bytes_.substr(start, at_ - start);
    }
    bool fail(std::size_t offset, std::string reason, std::string remedy = {}) {
        failure_ = {offset, std::move(reason), std::move(remedy)};
        return false;
    }
    std::size_t offsetOf(std::string_view part) const {
        return static_cast<std::size_t>(part.data() - bytes_.data());
    }

    bool declaration();
    std::optional<std::string_view> pseudoAttribute(std::string_view name);
    bool misc(bool beforeRoot);
    bool comment();
    bool cdata();
    bool instruction();
    bool markup();
    bool elements();
    bool text();
    bool reference();
    bool startTag();
    bool endTag();
    bool attribute(std::string_view element, std::size_t start);
    bool attributesAreUnique(std::string_view element, std::size_t start);
    bool declareNamespaces(std::size_t start);
    bool prefixesAreDeclared(std::string_view element, std::size_t start);
    const Namespace* findNamespace(std::string_view prefix) const;
    void closeElement();

    std::string_view bytes_;
    std::size_t at_ = 0;
    Failure failure_{};
    std::vector<std::string_view> open_;
    std::vector<Attribute> attributes_;
    std::vector<std::string_view> sorted_;
    std::vector<std::pair<std::string_view, std::string_view>> expanded_;
    std::vector<Namespace> namespaces_;
};

std::optional<std::string_view> Scanner::pseudoAttribute(std::string_view name) {
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

bool Scanner::declaration() {
    const std::size_t start = at_;
    at_ += 5;
    const auto version = pseudoAttribute("version");
    if (!version)
        return fail(start, "the XML declaration does not begin with a version");
    if (*version != "1.0")
        return fail(start, fmt::format("it is XML {}, not 1.0", clipped(*version)));
    const auto encoding = pseudoAttribute("encoding");
    if (encoding && !equalsIgnoringCase(*encoding, "UTF-8"))
        return fail(start,
                    fmt::format("it declares the encoding {}, not UTF-8", clipped(*encoding)),
                    "convert it to UTF-8");
    const auto standalone = pseudoAttribute("standalone");
    if (standalone && *standalone != "yes" && *standalone != "no")
        return fail(start, "standalone in the XML declaration is neither yes nor no");
    skipSpace();
    return skip("?>") || fail(start, "the XML declaration is malformed");
}

bool Scanner::misc(bool beforeRoot) {
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
            return fail(at_, "an end tag stands where no element is open");
        } else if (beforeRoot) {
            return true;
        } else {
            return fail(at_, "there is a second element at the top of the document");
        }
    }
}

bool Scanner::markup() {
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

bool Scanner::comment() {
    const std::size_t start = at_;
    const auto dashes = bytes_.find("--", at_ + 4);
    if (dashes == std::string_view::npos)
        return fail(start, "a comment is not closed");
    at_ = dashes + 2;
    return skip(">") || fail(dashes, "a comment contains '--'");
}

bool Scanner::cdata() {
    const auto close = bytes_.find("]]>", at_ + 9);
    if (close == std::string_view::npos)
        return fail(at_, "a CDATA section is not closed");
    at_ = close + 3;
    return true;
}

bool Scanner::instruction() {
    const std::size_t start = at_;
    at_ += 2;
    const auto target = scanName();
    if (equalsIgnoringCase(target, "xml"))
        return fail(start, "there is an XML declaration that is not at the very start");
    if (!isNcName(target))
        return fail(start, "a processing instruction has no proper name");
    const bool spaced = skipSpace();
    const auto close = bytes_.find("?>", at_);
    if (close == std::string_view::npos)
        return fail(start,
                    fmt::format("the processing instruction '{}' is not closed", clipped(target)));
    if (!spaced && close != at_)
        return fail(start, "a processing instruction has no proper name");
    at_ = close + 2;
    return true;
}

bool Scanner::elements() {
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

bool Scanner::text() {
    for (; !atEnd(); ++at_) {
        const char byte = bytes_[at_];
        if (byte == '<')
            return true;
        if (byte == ']' && rest().starts_with("]]>"))
            return fail(at_, "']]>' stands outside of a CDATA section");
        if (byte == '&') {
            if (!reference())
                return false;
            --at_;
        }
    }
    return fail(bytes_.size(), fmt::format("it ends inside <{}>, which line {} opens",
                                           clipped(open_.back()), lineAt(offsetOf(open_.back()))));
}

bool Scanner::reference() {
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
        return fail(start, "'&' begins no reference", "write '&amp;' for it");
    ++at_;
    constexpr std::array<std::string_view, 5> kPredefined{"amp", "lt", "gt", "quot", "apos"};
    if (std::ranges::find(kPredefined, name) == kPredefined.end())
        return fail(start, fmt::format("the entity '&{};' is not defined", clipped(name)));
    return true;
}

bool Scanner::attribute(std::string_view element, std::size_t start) {
    const auto name = scanName();
    if (name.empty() || !isQualifiedName(name))
        return fail(start, name.empty()
                               ? fmt::format("the tag <{}> is malformed", clipped(element))
                               : fmt::format("'{}' is not a name that an attribute can have",
                                             clipped(name)));
    skipSpace();
    if (!skip("="))
        return fail(start, fmt::format("attribute '{}' of <{}> has no value", clipped(name),
                                       clipped(element)));
    skipSpace();
    const char quote = peek();
    if (quote != '"' && quote != '\'')
        return fail(start, fmt::format("the value of attribute '{}' of <{}> is not in quotes",
                                       clipped(name), clipped(element)));
    const std::size_t value = ++at_;
    for (; peek() != quote; ++at_) {
        if (atEnd() || peek() == '<')
            return fail(
                start,
                fmt::format("the value of attribute '{}' of <{}> is not closed, or contains '<'",
                            clipped(name), clipped(element)));
        if (peek() == '&') {
            if (!reference())
                return false;
            --at_;
        }
    }
    attributes_.push_back({name, bytes_.substr(value, at_ - value)});
    ++at_;
    if (attributes_.size() > kMaximumAttributes)
        return fail(start, fmt::format("<{}> has more than {} attributes", clipped(element),
                                       kMaximumAttributes));
    return true;
}

bool Scanner::startTag() {
    const std::size_t start = at_++;
    const auto element = scanName();
    if (element.empty())
        return fail(start, "'<' begins no tag", "write '&lt;' for it");
    if (!isQualifiedName(element))
        return fail(start,
                    fmt::format("'{}' is not a name that an element can have", clipped(element)));
    attributes_.clear();
    for (;;) {
        const bool spaced = skipSpace();
        if (atEnd())
            return fail(start, fmt::format("the tag <{}> is not closed", clipped(element)));
        if (peek() == '>' || peek() == '/')
            break;
        if (!spaced)
            return fail(start, fmt::format("the tag <{}> is malformed", clipped(element)));
        if (!attribute(element, start))
            return false;
    }
    open_.push_back(element);
    if (open_.size() > kMaximumDepth)
        return fail(start, fmt::format("elements are nested deeper than {}", kMaximumDepth));
    if (!attributesAreUnique(element, start) || !declareNamespaces(start) ||
        !prefixesAreDeclared(element, start))
        return false;
    if (skip("/>"))
        closeElement();
    else if (!skip(">"))
        return fail(start, fmt::format("the tag <{}> is malformed", clipped(element)));
    return true;
}

bool Scanner::endTag() {
    const std::size_t start = at_;
    at_ += 2;
    const auto element = scanName();
    skipSpace();
    if (element != open_.back())
        return fail(start, fmt::format("</{}> stands where <{}> of line {} has to be closed",
                                       clipped(element), clipped(open_.back()),
                                       lineAt(offsetOf(open_.back()))));
    if (!skip(">"))
        return fail(start, fmt::format("the tag </{}> is not closed", clipped(element)));
    closeElement();
    return true;
}

void Scanner::closeElement() {
    while (!namespaces_.empty() && namespaces_.back().depth == open_.size())
        namespaces_.pop_back();
    open_.pop_back();
}

bool Scanner::attributesAreUnique(std::string_view element, std::size_t start) {
    if (attributes_.size() < 2)
        return true;
    // Sorting keeps the cost of many attributes below that of comparing each with each.
    sorted_.clear();
    for (const Attribute& attribute : attributes_)
        sorted_.push_back(attribute.name);
    std::ranges::sort(sorted_);
    const auto twice = std::ranges::adjacent_find(sorted_);
    return twice == sorted_.end() ||
           fail(start, fmt::format("attribute '{}' of <{}> is given twice", clipped(*twice),
                                   clipped(element)));
}

bool Scanner::declareNamespaces(std::size_t start) {
    for (const Attribute& attribute : attributes_) {
        const bool isDefault = attribute.name == "xmlns";
        if (!isDefault && prefixOf(attribute.name) != "xmlns")
            continue;
        const auto prefix = isDefault ? std::string_view() : localNameOf(attribute.name);
        const bool reserved = prefix == "xmlns" || attribute.value == kXmlnsUri ||
                              (prefix == "xml") != (attribute.value == kXmlUri);
        if (reserved)
            return fail(start, fmt::format("'{}' declares a namespace that is reserved",
                                           clipped(attribute.name)));
        if (!isDefault && attribute.value.empty())
            return fail(start,
                        fmt::format("'{}' declares an empty namespace", clipped(attribute.name)));
        namespaces_.push_back({prefix, attribute.value, open_.size()});
        if (namespaces_.size() > kMaximumNamespaces)
            return fail(start, fmt::format("more than {} namespace declarations are in force",
                                           kMaximumNamespaces));
    }
    return true;
}

const Namespace* Scanner::findNamespace(std::string_view prefix) const {
    for (auto found = namespaces_.rbegin(); found != namespaces_.rend(); ++found)
        if (found->prefix == prefix)
            return &*found;
    return nullptr;
}

bool Scanner::prefixesAreDeclared(std::string_view element, std::size_t start) {
    const auto isUndeclared = [&](std::string_view name) {
        const auto prefix = prefixOf(name);
        return !prefix.empty() && prefix != "xml" && !findNamespace(prefix);
    };
    if (isUndeclared(element) || prefixOf(element) == "xmlns")
        return fail(start, fmt::format("the prefix of <{}> is not declared", clipped(element)));
    expanded_.clear();
    for (const Attribute& attribute : attributes_) {
        const auto prefix = prefixOf(attribute.name);
        if (prefix.empty() || prefix == "xmlns")
            continue;
        if (isUndeclared(attribute.name))
            return fail(start, fmt::format("the prefix of attribute '{}' of <{}> is not declared",
                                           clipped(attribute.name), clipped(element)));
        const auto uri = prefix == "xml" ? kXmlUri : findNamespace(prefix)->uri;
        expanded_.emplace_back(localNameOf(attribute.name), uri);
    }
    std::ranges::sort(expanded_);
    const auto twice = std::ranges::adjacent_find(expanded_);
    return twice == expanded_.end() ||
           fail(start, fmt::format("attribute '{}' of <{}> is given twice, under two prefixes",
                                   clipped(twice->first), clipped(element)));
}

/// The encoding that the first bytes give away, or null for one that may be UTF-8.
const char* foreignEncoding(std::string_view bytes) {
    using namespace std::string_view_literals;
    for (auto mark : {"\x00\x00\xFE\xFF"sv, "\xFF\xFE\x00\x00"sv, "<\0\0\0"sv, "\0\0\0<"sv})
        if (bytes.starts_with(mark))
            return "UTF-32";
    for (auto mark : {"\xFE\xFF"sv, "\xFF\xFE"sv, "<\0"sv, "\0<"sv})
        if (bytes.starts_with(mark))
            return "UTF-16";
    return nullptr;
}

} // namespace

Result<void> checkDocument(std::string_view bytes, std::string_view name) {
    const auto refuse = [&](std::size_t line, std::string reason, std::string remedy = {}) {
        return std::unexpected(Error{.kind = ErrorKind::input,
                                     .action = "parse",
                                     .subject = std::string(name),
                                     .line = line,
                                     .errorNumber = 0,
                                     .reason = std::move(reason),
                                     .remedy = std::move(remedy)});
    };
    if (bytes.empty())
        return refuse(0, "it is empty");
    if (bytes.size() > kMaximumInputBytes)
        return refuse(0, "it is larger than 64 MiB");
    if (const char* encoding = foreignEncoding(bytes))
        return refuse(1, fmt::format("it is {}, not UTF-8", encoding), "convert it to UTF-8");
    Scanner scanner(bytes);
    if (auto bad = findBadCharacter(bytes))
        return refuse(scanner.lineAt(bad->offset), bad->reason,
                      bad->isEncoding ? "convert it to UTF-8" : "");
    if (!scanner.document()) {
        const auto& failure = scanner.failure();
        return refuse(scanner.lineAt(failure.offset), failure.reason, failure.remedy);
    }
    return {};
}

} // namespace hostcompat
