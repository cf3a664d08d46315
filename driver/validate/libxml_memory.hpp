// SPDX-License-Identifier: LGPL-2.1-or-later
// What happens when libxml2 gets no memory.
#pragma once

namespace hostcompat::validate {

/// Has the handler called, instead of null returned to the parser, where memory runs out: libxml2
/// 2.9 goes on with null in some places. The handler must not return. For programs only, before the
/// first use of the parser; a library must leave its process alone.
void stopOnLibxmlMemoryFailure(void (*handler)());

} // namespace hostcompat::validate
