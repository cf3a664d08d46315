// SPDX-License-Identifier: LGPL-2.1-or-later
// The sandboxes of the commands. Every command enters one before it parses the first byte of an
// input, unless --no-sandbox is given. On a machine without sandbox support the commands run
// without it, and "doctor" reports that.
#pragma once

#include "driver/model/error.hpp"

#include <string>
#include <vector>

namespace hostcompat::tools {

/// For commands that have read all their inputs: afterwards nothing can be opened. Errors: those of
/// enterSandbox().
Result<void> seal(bool noSandbox);

/// For commands that read their inputs one after another. If the only input is standard input, this
/// is the same as seal(). If a few files are named, only these can be opened (on a kernel with
/// Landlock). With a folder or a list, whose links and names are not known in advance, any file can
/// be opened for reading. Errors: those of enterSandbox().
///
/// @param files the inputs named, "-" is standard input. @param list the list of more, or empty.
Result<void> restrictToInputs(const std::vector<std::string>& files, const std::string& list,
                              bool noSandbox);

} // namespace hostcompat::tools
