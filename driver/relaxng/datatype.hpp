// SPDX-License-Identifier: LGPL-2.1-or-later
// XSD's datatypes and patterns as expressions that match only values that every validator accepts.
// They may match fewer values: a document with a value that the fast path does not recognise goes
// to libxml2. So numbers are accepted without sign '+', leading zeros or white space around them,
// tokens only where nothing is to be normalised, and types whose lexical rules are long (dates) not
// at all.
#pragma once

#include "driver/relaxng/expression.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hostcompat::relaxng {

/// A restriction of a datatype, as a grammar's <param> gives it.
struct Facet {
    std::string_view name;
    std::string_view value;
};

/// The result for a datatype.
struct Datatype {
    Expression expression = Expressions::nothing;
    /// False if neither RELAX NG nor XSD has such a type or facet: the grammar is broken.
    bool exists = true;
    /// Why no value will be recognised; empty if values are.
    std::string note;
};

/// XSD's regular expression (XML Schema part 2, appendix F); nothing if a part is not known here.
/// Known: characters, '.', escapes \n \r \t \s \S \d \D and of punctuation, classes with ranges and
/// '^', groups, alternatives, ? * + {n} {n,} {n,m}.
std::optional<Expression> parsePattern(Expressions& expressions, std::string_view pattern);

/// The values of `type` with these facets. `xsd` tells XSD's library from RELAX NG's own.
Datatype datatype(Expressions& expressions, bool xsd, std::string_view type,
                  const std::vector<Facet>& facets);

/// Decimal numbers, as they are written shortest, from `least` to `most`; both within 18 digits.
Expression integersBetween(Expressions& expressions, long long least, long long most);

/// Text as RELAX NG's type token sees it: no white space around, one space for each run within.
std::string normalizedSpace(std::string_view text);

} // namespace hostcompat::relaxng
