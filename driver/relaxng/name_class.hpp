// SPDX-License-Identifier: LGPL-2.1-or-later
// The names that an element or attribute of a grammar may have.
#pragma once

#include "driver/relaxng/definitions.hpp"

namespace hostcompat::relaxng {

/// The name class of an element or attribute, from its attribute name or its first child; `ns` is
/// the namespace of the name in its attribute. Throws Unknown.
NameClass nameClassOf(AcceptorGrammar& grammar, Place place, std::string_view ns);

/// A name class of one name; one with its namespace in braces is in no document of the scanner's
/// subset.
NameClass named(AcceptorGrammar& grammar, const std::string& name);

} // namespace hostcompat::relaxng
