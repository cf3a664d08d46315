// SPDX-License-Identifier: LGPL-2.1-or-later
// Landlock, as far as the sandbox uses it: which files can be opened for reading.
#pragma once

#include <span>
#include <string>

namespace hostcompat::sandbox::landlock {

/// The kernel's ABI version of Landlock, 1 or more; 0 if it has none.
int abiVersion();

/// Lets this thread, and what it starts, read only the files named; those that cannot be opened
/// now are left out. Needs PR_SET_NO_NEW_PRIVS. Returns 0, or the errno of the call that failed
/// (ENOSYS and EOPNOTSUPP where the kernel has no Landlock); nothing is restricted then.
int readOnly(std::span<const std::string> files);

} // namespace hostcompat::sandbox::landlock
