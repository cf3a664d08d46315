// SPDX-License-Identifier: LGPL-2.1-or-later
// The scanner of checkDocument().
#pragma once

#include "driver/xml/characters.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hostcompat::xml {

/// Parts of the document that the scanner remembers; all point into it.
struct ScannedAttribute {
    std::string_view name;
    std::string_view value;
};

struct ScannedNamespace {
    std::string_view prefix;
    std::string_view uri;
    std::size_t depth;
};

/// Scans a document. Each function returns false after an error, which failure() describes.
class DocumentScanner {
public:
    explicit DocumentScanner(std::string_view bytes) : bytes_(bytes) {
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
        return byte == ' ' || byte == '\n' || byte == '\t' || byte == '\r';
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
    bool countNode();
    bool elements();
    bool text();
    bool reference();
    bool startTag();
    bool endTag();
    bool attribute(std::string_view element, std::size_t start);
    bool attributesAreUnique(std::string_view element, std::size_t start);
    bool declareNamespaces(std::size_t start);
    bool prefixesAreDeclared(std::string_view element, std::size_t start);
    const ScannedNamespace* findNamespace(std::string_view prefix) const;
    void closeElement();

    std::string_view bytes_;
    std::size_t at_ = 0;
    std::size_t nodes_ = 0;
    Failure failure_{};
    std::vector<std::string_view> open_;
    std::vector<ScannedAttribute> attributes_;
    std::vector<std::string_view> sorted_;
    std::vector<std::pair<std::string_view, std::string_view>> expanded_;
    std::vector<ScannedNamespace> namespaces_;
};

} // namespace hostcompat::xml
