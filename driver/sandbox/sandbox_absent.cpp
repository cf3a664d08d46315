// SPDX-License-Identifier: LGPL-2.1-or-later
// What replaces the sandbox in a build without it.
#include "driver/sandbox/sandbox.hpp"

namespace hostcompat::sandbox {

Result<bool> enterSandbox(SandboxReach, std::span<const std::string>) {
    return false;
}

SandboxSupport sandboxSupport() {
    return {};
}

} // namespace hostcompat::sandbox
