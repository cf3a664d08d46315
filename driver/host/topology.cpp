// SPDX-License-Identifier: LGPL-2.1-or-later
// Reads nodes and CPUs from sysfs.
#include "driver/host/topology.hpp"

#include "driver/host/files.hpp"

#include <algorithm>

namespace hostcompat::host {

namespace {

/// The id in sysfs, or 0, as in libvirt: POWER guests show "-1" if the firmware gives no id.
unsigned readId(const std::filesystem::path& path) {
    const auto number = readNumber(path);
    return number && *number <= UINT32_MAX ? static_cast<unsigned>(*number) : 0;
}

/// More than NR_CPUS of any kernel, so that a malformed range does not use much memory.
constexpr std::uint64_t kMaximumCpus = 65536;

/// The numbers of "0-3,8" (Linux lib/bitmap-str.c); parsing stops at the first character that does
/// not belong to a list.
std::vector<unsigned> parseCpuList(std::string_view list) {
    std::vector<unsigned> cpus;
    while (!list.empty()) {
        const std::string_view range = list.substr(0, list.find(','));
        list.remove_prefix(std::min(list.size(), range.size() + 1));
        const auto dash = range.find('-');
        const auto first = parseNumber(range.substr(0, dash)).value_or(kMaximumCpus);
        const auto last = dash == std::string_view::npos
                              ? first
                              : parseNumber(range.substr(dash + 1)).value_or(kMaximumCpus);
        if (std::max(first, last) >= kMaximumCpus)
            return cpus;
        for (std::uint64_t cpu = first; cpu <= last; ++cpu)
            cpus.push_back(static_cast<unsigned>(cpu));
    }
    return cpus;
}

/// Whether it is a list of CPUs as the kernel writes it ("0-3,8"). It is copied into documents
/// unchanged, so nothing else is allowed.
bool isCpuList(std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789,-") == std::string_view::npos;
}

/// An offline CPU has no topology folder (drivers/base/topology.c).
std::optional<model::LogicalCpu> readCpu(const std::filesystem::path& cpus, unsigned id) {
    const auto topology = cpus / ("cpu" + std::to_string(id)) / "topology";
    const auto siblings = readSmallFile(topology / "thread_siblings_list");
    if (!siblings || !isCpuList(trim(*siblings)))
        return std::nullopt;
    return model::LogicalCpu{.id = id,
                             .socketId = readId(topology / "physical_package_id"),
                             .coreId = readId(topology / "core_id"),
                             .siblings = std::string(trim(*siblings))};
}

/// The value of "Node 0 MemTotal:  1048576 kB".
std::optional<std::uint64_t> memTotal(std::string_view meminfo) {
    constexpr std::string_view mark = "MemTotal:";
    const auto begin = meminfo.find(mark);
    if (begin == std::string_view::npos)
        return std::nullopt;
    const std::string_view rest = trim(meminfo.substr(begin + mark.size()));
    return parseNumber(rest.substr(0, rest.find_first_not_of("0123456789")));
}

/// The number of CPUs in a folder that exist but are not online.
unsigned countOffline(const std::filesystem::path& folder, const std::filesystem::path& cpus) {
    const auto present = parseCpuList(trim(readSmallFile(cpus / "present").value_or("")));
    const auto online = parseCpuList(trim(readSmallFile(cpus / "online").value_or("")));
    return static_cast<unsigned>(
        std::ranges::count_if(listNumbered(folder, "cpu"), [&](unsigned cpu) {
            return std::ranges::binary_search(present, cpu) &&
                   !std::ranges::binary_search(online, cpu);
        }));
}

model::NumaNode readNode(const std::filesystem::path& nodes, const std::filesystem::path& cpus,
                         unsigned id) {
    const auto folder = nodes / ("node" + std::to_string(id));
    model::NumaNode node{.id = id,
                         .memory = memTotal(readSmallFile(folder / "meminfo").value_or("")),
                         .cpus = {},
                         .offline = countOffline(folder, cpus)};
    for (const unsigned cpu : parseCpuList(trim(readSmallFile(folder / "cpulist").value_or(""))))
        if (auto description = readCpu(cpus, cpu))
            node.cpus.push_back(std::move(*description));
    return node;
}

} // namespace

std::vector<model::NumaNode> readTopology(const std::filesystem::path& root) {
    const auto cpus = root / "sys/devices/system/cpu";
    const auto nodes = root / "sys/devices/system/node";
    std::vector<model::NumaNode> result;
    for (const unsigned id : listNumbered(nodes, "node")) {
        model::NumaNode node = readNode(nodes, cpus, id);
        if (!node.cpus.empty() || node.offline != 0 || node.memory.value_or(0) != 0)
            result.push_back(std::move(node));
    }
    const bool anyCpu =
        std::ranges::any_of(result, [](const auto& node) { return !node.cpus.empty(); });
    if (anyCpu)
        return result;

    model::NumaNode only{.id = 0,
                         .memory = memTotal(readSmallFile(root / "proc/meminfo").value_or("")),
                         .cpus = {},
                         .offline = countOffline(cpus, cpus)};
    for (const unsigned cpu : listNumbered(cpus, "cpu"))
        if (auto description = readCpu(cpus, cpu))
            only.cpus.push_back(std::move(*description));
    if (only.cpus.empty())
        return {};
    return {std::move(only)};
}

} // namespace hostcompat::host
