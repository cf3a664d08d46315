// SPDX-License-Identifier: LGPL-2.1-or-later
// Finds the exact defects of a <compat>, or an <enum name='compat'>, for which libxml2 only reports
// that its parent has extra content.
//
// The verdict is always libxml2's. These rules are those of schema/hostcpu-compat.rng,
// domaincpu-compat.rng, capabilities-compat.rng and domaincaps-compat.rng, and a test holds them
// together.
#pragma once

#include "driver/validate/defect.hpp"

#include <libxml/tree.h>

#include <vector>

namespace hostcompat::validate {

/// The elements that list modes: the root element <compat>, the <compat> children of
/// /capabilities/host/cpu, or the <enum name='compat'> in /domainCapabilities/cpu and in its modes.
/// The nodes belong to the document.
std::vector<xmlNode*> compatElements(xmlDoc* document);

/// What is wrong with these elements by the rules that hold over libvirt's own grammars too, in
/// document order; empty if nothing is.
///
/// @param document one that parseSafely() made.
std::vector<Defect> explainCompats(xmlDoc* document);

/// What is wrong with a document, in document order: by the rules of domaincaps-compat.rng where
/// its root is <domainCapabilities>, else of capabilities-compat.rng.
std::vector<Defect> explainDocument(xmlDoc* document);

} // namespace hostcompat::validate
