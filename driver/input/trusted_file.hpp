// SPDX-License-Identifier: LGPL-2.1-or-later
// Files that a privileged process may trust.
#pragma once

#include "driver/model/error.hpp"

#include <string>

namespace hostcompat::input {

/// Reads a small regular file if only root or the user of this process (the effective one) can have
/// written it: it belongs to one of them, and neither its group nor others may write it. Never
/// blocks on a FIFO or a device, and keeps nothing open.
///
/// @param path an absolute path; a symbolic link is followed, and what it leads to is checked.
/// @return its bytes, at most 1 MiB. Errors: kind input if it cannot be opened or read (errorNumber
/// is set; ENOENT where it is missing), is no regular file, is too large, or may have been written
/// by somebody else.
Result<std::string> readTrusted(const std::string& path);

/// The same check of a file or folder that is not read.
/// Errors: kind input as above; where it is missing, errorNumber is ENOENT.
Result<void> checkTrusted(const std::string& path);

} // namespace hostcompat::input
