// SPDX-License-Identifier: LGPL-2.1-or-later
// Small random grammars, and documents made after them.
#pragma once

#include "xml-tests/differential/mutation.hpp"

#include <memory>
#include <string>
#include <vector>

namespace hostcompat::differential {

/// A pattern that can be written as RELAX NG and followed to make documents.
struct Rule {
    enum class Kind {
        empty,
        text,
        value,
        data,
        attribute,
        element,
        ref,
        group,
        interleave,
        choice,
        optional,
        zeroOrMore,
        oneOrMore,
        mixed,
        anyElement,
        list,
        notAllowed
    };
    Kind kind = Kind::empty;
    std::string name = {};                 ///< element, attribute, ref
    std::string value = {};                ///< value: its text; data: type and params as RELAX NG
    std::vector<std::string> samples = {}; ///< data: values
    std::vector<Rule> parts = {};
};

/// A grammar of a few definitions of one element each.
class RandomGrammar {
public:
    explicit RandomGrammar(Random& random);

    /// The grammar as RELAX NG.
    std::string text() const;
    /// A document that follows the rules, unless they recurse too deeply.
    std::string document(Random& random) const;

private:
    std::vector<Rule> elements_;
};

} // namespace hostcompat::differential
