// SPDX-License-Identifier: LGPL-2.1-or-later
// Reads platform and effective level from the device tree.
#include "driver/host/device_tree.hpp"

#include "driver/host/files.hpp"

#include <fmt/format.h>

namespace hostcompat::host {

namespace {

bool hasString(std::string_view list, std::string_view wanted) {
    while (!list.empty()) {
        const std::string_view entry = list.substr(0, list.find('\0'));
        if (entry == wanted)
            return true;
        list.remove_prefix(std::min(list.size(), entry.size() + 1));
    }
    return false;
}

std::uint32_t bigEndianWord(std::string_view bytes) {
    std::uint32_t word = 0;
    for (std::size_t index = 0; index < 4; ++index)
        word = word << 8 | static_cast<unsigned char>(bytes[index]);
    return word;
}

} // namespace

DeviceTree::DeviceTree(const std::filesystem::path& root)
    : base_(root / "sys/firmware/devicetree/base") {
    std::error_code error;
    if (!std::filesystem::is_directory(base_, error))
        base_ = root / "proc/device-tree";
}

model::Platform DeviceTree::platform() const {
    const std::string compatible = readSmallFile(base_ / "compatible").value_or("");
    if (hasString(compatible, "ibm,powernv"))
        return model::Platform::powernv;
    if (hasString(compatible, "qemu,pseries") || hasString(compatible, "IBM,pSeries"))
        return model::Platform::pseries;
    // On PowerVM "compatible" is the machine type; Linux uses device_type instead.
    const std::string type = readSmallFile(base_ / "device_type").value_or("");
    return trim(type) == "chrp" ? model::Platform::pseries : model::Platform::other;
}

EffectiveLevel DeviceTree::effectiveLevel() const {
    EffectiveLevel level;
    std::string firstNode;
    for (const std::string& name : listSubfolders(base_ / "cpus")) {
        const auto node = base_ / "cpus" / name;
        if (trim(readSmallFile(node / "device_type").value_or("")) != "cpu")
            continue;
        const auto property = readSmallFile(node / "cpu-version");
        if (!property)
            return {.cpuVersion = std::nullopt,
                    .problem = fmt::format("the device tree's node {} has no cpu-version", name)};
        if (property->size() < 4)
            return {.cpuVersion = std::nullopt,
                    .problem = fmt::format("the cpu-version of the device tree's node {} has {} "
                                           "bytes instead of 4",
                                           name, property->size())};
        const std::uint32_t version = bigEndianWord(*property);
        if (!level.cpuVersion) {
            level.cpuVersion = version;
            firstNode = name;
        } else if (*level.cpuVersion != version) {
            return {.cpuVersion = std::nullopt,
                    .problem = fmt::format("the device tree contradicts itself: cpu-version is "
                                           "0x{:08x} in {} and 0x{:08x} in {}",
                                           *level.cpuVersion, firstNode, version, name)};
        }
    }
    if (!level.cpuVersion)
        level.problem = "the device tree has no readable CPU node";
    return level;
}

} // namespace hostcompat::host
