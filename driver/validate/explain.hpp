// SPDX-License-Identifier: LGPL-2.1-or-later
// Says exactly what is wrong with a <compat>, where libxml2 only says that its parent has extra
// content.
//
// Nothing here decides: libxml2's verdict does. These rules are those of schema/hostcpu-compat.rng
// and schema/capabilities-compat.rng, and a test holds the two together.
#pragma once

#include "driver/model/mode.hpp"
#include "driver/validate/defect.hpp"

#include <libxml/tree.h>

#include <vector>

namespace hostcompat::validate {

/// The <compat> elements that hostcpu-compat.rng is about: the root element, or the children of
/// /capabilities/host/cpu. The nodes belong to the document.
std::vector<xmlNode*> compatElements(xmlDoc* document);

/// What is wrong with one <compat> element, in document order; empty where nothing is.
///
/// @param compat an element of a document that parseSafely() made.
std::vector<Defect> explainCompat(const xmlNode* compat,
                                  model::ModeTable table = model::modeTable());

/// What is wrong with a document by the rules of capabilities-compat.rng, in document order.
std::vector<Defect> explainCapabilities(xmlDoc* document,
                                        model::ModeTable table = model::modeTable());

} // namespace hostcompat::validate
