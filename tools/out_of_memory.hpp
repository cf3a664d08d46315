// SPDX-License-Identifier: LGPL-2.1-or-later
// Ends the program when memory runs out.
#pragma once

namespace hostcompat::tools {

/// Prints that memory ran out and ends the process, without allocating: even an error message could
/// not be built. The exit status shows that buffered output is lost.
[[noreturn]] void outOfMemory();

} // namespace hostcompat::tools
