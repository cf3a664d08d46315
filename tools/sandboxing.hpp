// SPDX-License-Identifier: LGPL-2.1-or-later
// Which sandbox a command works in. Each enters one before it parses the first byte that others
// wrote, unless --no-sandbox is given; a machine without one works all the same, and the command
// doctor tells.
#pragma once

#include "driver/model/error.hpp"

#include <string>
#include <vector>

namespace hostcompat::tools {

/// For commands that have read all their inputs: nothing can be opened any more.
/// Errors: those of enterSandbox().
Result<void> seal(bool noSandbox);

/// For commands that read their inputs one after the other. With nothing but standard input it is
/// as seal(); where a few files are named, these alone can be opened (with a kernel that has
/// Landlock); with a folder or a list, whose links and names nobody knows before, any file, for
/// reading. Errors: those of enterSandbox().
///
/// @param files the inputs named, "-" is standard input. @param list the list of more, or empty.
Result<void> restrictToInputs(const std::vector<std::string>& files, const std::string& list,
                              bool noSandbox);

} // namespace hostcompat::tools
