// SPDX-License-Identifier: LGPL-2.1-or-later
// The part of a document that capabilities-compat.rng has an opinion on.
#pragma once

#include "driver/validate/safe_parse.hpp"

#include <libxml/tree.h>

namespace hostcompat::validate {

/// A document on which capabilities-compat.rng gives the same verdict as on the one given, but
/// small.
///
/// libxml2 keeps a state for each element that matched a wildcard and compares each new one with
/// all of them, so a hundred thousand neighbours take a minute. That grammar says "any elements" of
/// everything but the path to <compat>: one stands for a row of them here, and two for more than
/// one where only one is allowed.
///
/// @param document one that SafeParser made; unchanged.
/// @return the small one, with the lines of the other; null where memory ran out.
XmlDocument skeletonOf(const xmlDoc* document);

} // namespace hostcompat::validate
