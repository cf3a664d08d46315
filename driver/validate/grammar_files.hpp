// SPDX-License-Identifier: LGPL-2.1-or-later
// Looks at the files of a grammar before libxml2 opens them.
#pragma once

#include "driver/model/error.hpp"

#include <string>

namespace hostcompat::validate {

/// Reads a grammar and every grammar that it includes, and refuses what libxml2 would fetch from
/// the network or complain about on standard error.
///
/// @param path a .rng file.
/// @return nothing, or the first problem, kind input: a file that cannot be read or is not well
/// formed (as
///         readInput() and parseSafely() say it), one that includes something that is not a file,
///         or more than 64 files.
Result<void> checkGrammarFiles(const std::string& path);

} // namespace hostcompat::validate
