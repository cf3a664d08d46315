// SPDX-License-Identifier: LGPL-2.1-or-later
// Handles a failed allocation in libxml2.
#pragma once

namespace hostcompat::validate {

/// Calls the handler when memory runs out, instead of returning null to the parser, because libxml2
/// 2.9 continues with null in some places. The handler must not return. Only for programs, before
/// the first use of the parser; a library must not change this for its process.
void stopOnLibxmlMemoryFailure(void (*handler)());

} // namespace hostcompat::validate
