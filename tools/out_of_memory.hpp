// SPDX-License-Identifier: LGPL-2.1-or-later
// How the program ends where memory runs out.
#pragma once

namespace hostcompat::tools {

/// Says that memory ran out and ends the process, without taking any: from here on even an error's
/// words could not be put together. What stands in standard output's buffer is lost, which the
/// status tells.
[[noreturn]] void outOfMemory();

} // namespace hostcompat::tools
