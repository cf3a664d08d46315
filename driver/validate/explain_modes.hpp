// SPDX-License-Identifier: LGPL-2.1-or-later
// What is wrong inside of an element that lists modes: <compat>, or <enum name='compat'>.
#pragma once

#include "driver/validate/defect.hpp"

#include <libxml/tree.h>

#include <string>
#include <vector>

namespace hostcompat::validate {

// The list of defects is limited, because a hostile document may have millions.
inline constexpr std::size_t kMostDefects = 1000;

/// A defect of an element.
Defect defectAt(const xmlNode* node, std::string message);

/// Cuts a list of kMostDefects or more, and reports that for an element.
void markCut(const xmlNode* node, std::vector<Defect>& defects);

/// What is wrong with the element by the rules of hostcpu-compat.rng or domaincpu-compat.rng, the
/// defects of its children after its own; empty if nothing is.
///
/// @param element <compat> or <enum name='compat'>.
std::vector<Defect> explainModes(const xmlNode* element);

} // namespace hostcompat::validate
