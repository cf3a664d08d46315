// SPDX-License-Identifier: LGPL-2.1-or-later
// Capabilities documents of any size, generated from parts.
#pragma once

#include <cstddef>
#include <string>

namespace hostcompat::bench {

/// The size of the host that a document describes, and its variations.
struct Shape {
    unsigned cells = 1;       ///< NUMA cells
    unsigned cpusPerCell = 4; ///< logical CPUs in each
    unsigned guests = 1;      ///< guest architectures
    unsigned machines = 4;    ///< machine types of each
    unsigned number = 0;  ///< varies ids, sizes and names; documents of different numbers differ
    bool compat = true;   ///< with <compat>; false: libvirt's own document
    bool invalid = false; ///< the last machine has an attribute value that no grammar allows
};

/// About 1.4 KB, 14 KB and 69 KB: a small host, a typical one, and one with 8 cells of 64 CPUs.
Shape smallHost();
Shape usualHost();
Shape largeHost();

/// A document that is valid by libvirt's capability.rng with the element <compat>.
std::string capabilitiesDocument(const Shape& shape);

} // namespace hostcompat::bench
