// SPDX-License-Identifier: LGPL-2.1-or-later
// What happens when pugixml gets no memory.
#pragma once

namespace hostcompat::xml {

/// Has the handler called, instead of null returned to the parser, where memory runs out: pugixml
/// leaves a new node out without a word. The handler must not return. For programs only, before the
/// first use of the parser; a library must leave its process alone.
void stopOnPugixmlMemoryFailure(void (*handler)());

/// Has std::bad_alloc thrown there. For a shared object that has pugixml inside, hidden from its
/// process, before the first use of the parser.
void throwOnPugixmlMemoryFailure();

} // namespace hostcompat::xml
