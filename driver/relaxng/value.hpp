// SPDX-License-Identifier: LGPL-2.1-or-later
// What an attribute's value or an element's whole text may be, as an expression.
#pragma once

#include "driver/relaxng/datatype.hpp"
#include "driver/relaxng/definitions.hpp"

#include <unordered_map>

namespace hostcompat::relaxng {

/// Compiles the values of one grammar. Functions throw Unknown.
class ValueCompiler {
public:
    ValueCompiler(AcceptorGrammar& grammar, Definitions& definitions)
        : grammar_(grammar), definitions_(definitions) {}

    /// What <value>, <data>, <list>, or a combination of them allows.
    Expression compile(Place place) {
        return expression(place, false);
    }

private:
    Expression expression(Place place, bool inList);
    Expression alternatives(Place place, bool inList);
    Expression referred(Place place, bool inList);
    Expression list(Place place);
    Expression tokens(Place place);
    Expression value(const RngNode& node);
    Expression data(Place place);
    /// As fast::datatype(), once for each type with its facets.
    const Datatype& datatype(bool xsd, std::string_view type, const std::vector<Facet>& facets);

    AcceptorGrammar& grammar_;
    Definitions& definitions_;
    std::vector<const Definition*> busy_; ///< definitions that are being compiled
    std::unordered_map<std::string, Datatype> datatypes_;
};

} // namespace hostcompat::relaxng
