// SPDX-License-Identifier: LGPL-2.1-or-later
// Handles a failed allocation in pugixml.
#pragma once

namespace hostcompat::xml {

/// Calls the handler when memory runs out, instead of returning null to the parser, because pugixml
/// then silently omits a node. The handler must not return. Only for programs, before the first use
/// of the parser; a library must not change this for its process.
void stopOnPugixmlMemoryFailure(void (*handler)());

/// Throws std::bad_alloc when memory runs out. For a shared object with its own hidden pugixml,
/// before the first use of the parser.
void throwOnPugixmlMemoryFailure();

} // namespace hostcompat::xml
