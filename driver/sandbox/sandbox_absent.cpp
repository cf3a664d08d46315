// SPDX-License-Identifier: LGPL-2.1-or-later
// Replaces sandbox.cpp in a build without the sandbox.
#include "driver/sandbox/sandbox.hpp"

namespace hostcompat::sandbox {

Result<bool> enterSandbox(SandboxReach, std::span<const std::string>) {
    return false;
}

SandboxSupport sandboxSupport() {
    return {};
}

} // namespace hostcompat::sandbox
