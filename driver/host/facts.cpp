// SPDX-License-Identifier: LGPL-2.1-or-later
// Reads the host's facts from its files.
#include "driver/host/facts.hpp"

#include "driver/host/device_tree.hpp"
#include "driver/host/files.hpp"

#include <sys/auxv.h>
#include <sys/utsname.h>

#include <charconv>
#include <unistd.h>

namespace hostcompat::host {

namespace {

/// The value of the first line "KEY : VALUE" of /proc/cpuinfo with that key.
std::string_view cpuinfoValue(std::string_view cpuinfo, std::string_view key) {
    while (!cpuinfo.empty()) {
        const std::string_view line = cpuinfo.substr(0, cpuinfo.find('\n'));
        cpuinfo.remove_prefix(std::min(cpuinfo.size(), line.size() + 1));
        const auto colon = line.find(':');
        if (colon != std::string_view::npos && trim(line.substr(0, colon)) == key)
            return trim(line.substr(colon + 1));
    }
    return {};
}

/// The raw processor version of "2.0 (pvr 0080 0200)", which stays raw in a compatibility mode.
std::optional<std::uint32_t> parseRevision(std::string_view revision) {
    constexpr std::string_view mark = "(pvr ";
    const auto begin = revision.find(mark);
    if (begin == std::string_view::npos || revision.size() < begin + mark.size() + 9)
        return std::nullopt;
    const std::string_view digits = revision.substr(begin + mark.size(), 9);
    std::uint32_t high = 0;
    std::uint32_t low = 0;
    const char* text = digits.data();
    if (std::from_chars(text, text + 4, high, 16).ptr != text + 4 || digits[4] != ' ' ||
        std::from_chars(text + 5, text + 9, low, 16).ptr != text + 9)
        return std::nullopt;
    return high << 16 | low;
}

model::Platform platformOf(std::string_view cpuinfo, const DeviceTree& tree) {
    const std::string_view name = cpuinfoValue(cpuinfo, "platform");
    if (name == "pSeries")
        return model::Platform::pseries;
    if (name == "PowerNV")
        return model::Platform::powernv;
    return tree.platform();
}

std::string effectiveMode(const EffectiveLevel& level) {
    if (!level.cpuVersion)
        return {};
    const model::Mode* mode = model::findModeByLogicalPvr(*level.cpuVersion);
    if (!mode)
        mode = model::findModeByPvr(*level.cpuVersion);
    return mode ? std::string(mode->name) : std::string();
}

} // namespace

SystemNames systemNames() {
    utsname names{};
    uname(&names);
    const auto* base = reinterpret_cast<const char*>(getauxval(AT_BASE_PLATFORM));
    // The node name of Linux before one is set (include/linux/uts.h).
    const bool unnamed = std::string_view(names.nodename) == "(none)";
    return {.node = unnamed ? "" : names.nodename,
            .machine = names.machine,
            .release = names.release,
            .basePlatform = base ? base : "",
            .pageSize = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE))};
}

HostFacts readHost(const std::filesystem::path& root, const SystemNames& names) {
    HostFacts facts;
    facts.identity.name = names.node;
    facts.identity.arch = names.machine;
    facts.identity.kernel = names.release;
    facts.identity.basePlatform = names.basePlatform;
    facts.identity.pageSize = names.pageSize;
    if (!names.machine.starts_with("ppc64"))
        return facts;

    const std::string cpuinfo = readSmallFile(root / "proc/cpuinfo").value_or("");
    const DeviceTree tree(root);
    facts.identity.platform = platformOf(cpuinfo, tree);
    facts.level = tree.effectiveLevel();
    facts.identity.pvr = parseRevision(cpuinfoValue(cpuinfo, "revision"));
    if (!facts.identity.pvr && facts.identity.platform == model::Platform::powernv)
        facts.identity.pvr = facts.level.cpuVersion;
    if (facts.identity.pvr)
        if (const model::Mode* generation = model::findModeByPvr(*facts.identity.pvr))
            facts.identity.model = generation->cpuModel;
    facts.identity.effectiveMode = effectiveMode(facts.level);
    std::error_code error;
    facts.hvModule = std::filesystem::exists(root / "sys/module/kvm_hv", error);
    if (const auto option = readSmallFile(root / "sys/module/kvm_hv/parameters/nested"))
        facts.nestedOption = trim(*option) == "Y";
    return facts;
}

} // namespace hostcompat::host
