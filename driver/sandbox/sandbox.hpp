// SPDX-License-Identifier: LGPL-2.1-or-later
// Gives up every right that processing a document does not need, so that an exploited parser cannot
// do anything else.
#pragma once

#include "driver/model/error.hpp"

#include <span>
#include <string>

namespace hostcompat::sandbox {

/// What the process can still open once it is in the sandbox.
enum class SandboxReach {
    sealed,  ///< nothing: every input has been read or is open
    reading, ///< files and folders, for reading only
};

/// Enters the sandbox permanently, for this thread and every thread and process that it starts
/// afterwards. Call it before the first thread is started, and before the first byte of a document
/// is parsed.
///
/// From then on a seccomp filter (Linux Documentation/userspace-api/seccomp_filter.rst) lets
/// through the calls that computing, threads, memory without PROT_EXEC, and descriptors that are
/// open already need, and with SandboxReach::reading open(2) without any right to write or create,
/// stat(2) and the reading of folders. Everything else fails with EPERM: sockets, processes,
/// programs, signals to others, tracing, descriptors from elsewhere. Calls that came after
/// Linux 5.2 fail with ENOSYS, so that a newer C library falls back to older ones.
///
/// @param only with SandboxReach::reading: the only files that can be opened still, enforced by
/// Landlock (Linux Documentation/userspace-api/landlock.rst) where the kernel has it; empty for
/// any. Names that cannot be opened are ignored. Folders are not for this list: links in them may
/// lead elsewhere.
/// @return whether the filter is in force; false if the program was built without it, the kernel
/// has none, or something around the process forbids it (sandboxSupport() says which).
/// Errors: system, with the call, where the kernel failed for another reason (ENOMEM).
Result<bool> enterSandbox(SandboxReach reach, std::span<const std::string> only = {});

/// What this machine supports of the sandbox.
struct SandboxSupport {
    bool built = false;  ///< the program was built with the sandbox
    bool filter = false; ///< the kernel accepts seccomp filters
    /// errno of asking for the filter; 0 if it is there.
    int errorNumber = 0;
    /// Landlock's ABI version; 0 if there is none.
    int landlock = 0;
};
SandboxSupport sandboxSupport();

} // namespace hostcompat::sandbox
