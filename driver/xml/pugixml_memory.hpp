// SPDX-License-Identifier: LGPL-2.1-or-later
// What happens when pugixml gets no memory.
#pragma once

namespace hostcompat::xml {

/// Has the handler called, instead of null returned to the parser, where memory runs out: pugixml
/// leaves a new node out without a word. The handler must not return. For programs only, before the
/// first use of the parser; a library must leave its process alone.
void stopOnPugixmlMemoryFailure(void (*handler)());

} // namespace hostcompat::xml
