// SPDX-License-Identifier: LGPL-2.1-or-later
// The flattened device tree that the kernel shows as files.
#pragma once

#include "driver/host/facts.hpp"

#include <filesystem>

namespace hostcompat::host {

/// The device tree below a root folder.
class DeviceTree {
public:
    /// Uses sys/firmware/devicetree/base, or proc/device-tree where that is missing.
    explicit DeviceTree(const std::filesystem::path& root);

    /// The platform that the tree's "compatible" names, or other.
    model::Platform platform() const;

    /// The one value of every CPU node's cpu-version (a big-endian word of 32 bits), or why there
    /// is none: no tree, no CPU node, a node without it or with one that is too short, nodes that
    /// contradict.
    EffectiveLevel effectiveLevel() const;

private:
    std::filesystem::path base_;
};

} // namespace hostcompat::host
