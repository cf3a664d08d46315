// SPDX-License-Identifier: LGPL-2.1-or-later
// Builds a capabilities document from a host's facts.
#include "driver/xml/capabilities.hpp"
#include "driver/xml/layout.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <set>
#include <string_view>
#include <utility>

namespace hostcompat::xml {

namespace {

using Attribute = std::pair<const char*, std::size_t>;

template <std::size_t size>
void setAttributes(pugi::xml_node element, const std::array<Attribute, size>& attributes) {
    for (const auto& [name, value] : attributes)
        element.append_attribute(name) = static_cast<unsigned>(value);
}

/// The number of CPUs in a list of a core's CPUs such as "0-3,8". Zero if it is not a list.
unsigned countListed(std::string_view list) {
    unsigned count = 0;
    while (!list.empty()) {
        const std::string_view range = list.substr(0, list.find(','));
        list.remove_prefix(std::min(list.size(), range.size() + 1));
        unsigned first = 0;
        const auto read = std::from_chars(range.data(), range.data() + range.size(), first);
        unsigned last = first;
        if (read.ptr != range.data() + range.size())
            std::from_chars(read.ptr + 1, range.data() + range.size(), last);
        count += last - first + 1;
    }
    return count;
}

/// The topology as libvirt counts it (src/util/virhostcpu.c, virHostCPUGetInfo()): the sockets of a
/// node, the cores of a socket within its node, and the threads of a core. Each is the largest
/// value found. If the nodes differ, libvirt reports every CPU, online or not, as a core of one
/// socket. It never counts dies (src/cpu/cpu.c, virCPUGetHost()).
std::array<Attribute, 4> countTopology(const std::vector<model::NumaNode>& nodes) {
    std::size_t sockets = 1;
    std::size_t cores = 1;
    std::size_t threads = 1;
    std::size_t all = 0;
    for (const model::NumaNode& node : nodes) {
        std::map<unsigned, std::set<unsigned>> coresOf;
        for (const model::LogicalCpu& cpu : node.cpus) {
            coresOf[cpu.socketId].insert(cpu.coreId);
            threads = std::max<std::size_t>(threads, countListed(cpu.siblings));
        }
        sockets = std::max(sockets, coresOf.size());
        for (const auto& [socket, ids] : coresOf)
            cores = std::max(cores, ids.size());
        all += node.cpus.size() + node.offline;
    }
    if (nodes.size() * sockets * cores * threads != all) {
        sockets = threads = 1;
        cores = all;
    }
    return {{{"sockets", sockets}, {"dies", 1}, {"cores", cores}, {"threads", threads}}};
}

void appendNode(pugi::xml_node cells, const model::NumaNode& node) {
    pugi::xml_node cell = cells.append_child("cell");
    cell.append_attribute("id") = node.id;
    if (node.memory) {
        pugi::xml_node memory = cell.append_child("memory");
        memory.append_attribute("unit") = "KiB";
        memory.text().set(static_cast<unsigned long long>(*node.memory));
    }
    pugi::xml_node cpus = cell.append_child("cpus");
    cpus.append_attribute("num") = static_cast<unsigned>(node.cpus.size());
    // Write only the id: with core_id, libvirt 11.3 requires a cluster_id, which 9.0 forbids.
    for (const model::LogicalCpu& cpu : node.cpus)
        cpus.append_child("cpu").append_attribute("id") = cpu.id;
}

} // namespace

std::string renderCapabilities(const model::HostIdentity& host,
                               const std::vector<model::NumaNode>& nodes) {
    pugi::xml_document tree;
    pugi::xml_node root = tree.append_child("capabilities");
    pugi::xml_node hostElement = root.append_child("host");
    pugi::xml_node cpu = hostElement.append_child("cpu");
    cpu.append_child("arch").text().set(host.arch.c_str());
    if (!host.model.empty()) {
        cpu.append_child("model").text().set(host.model.c_str());
        cpu.append_child("vendor").text().set("IBM");
    }
    if (!nodes.empty()) {
        setAttributes(cpu.append_child("topology"), countTopology(nodes));
        pugi::xml_node cells = hostElement.append_child("topology").append_child("cells");
        cells.append_attribute("num") = static_cast<unsigned>(nodes.size());
        for (const model::NumaNode& node : nodes)
            appendNode(cells, node);
    }
    return renderElement(root, Layout{}) + "\n";
}

} // namespace hostcompat::xml
