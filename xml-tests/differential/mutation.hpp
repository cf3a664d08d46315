// SPDX-License-Identifier: LGPL-2.1-or-later
// Changes documents a little, with values at the edges of what a grammar allows.
#pragma once

#include "xml-tests/differential/values.hpp"

#include <string>

namespace hostcompat::differential {

/// The document with one to three random changes.
std::string mutated(std::string document, Values& values, Random& random);

} // namespace hostcompat::differential
