// SPDX-License-Identifier: LGPL-2.1-or-later
// Builds a capabilities document from a host's facts.
#include "driver/xml/capabilities.hpp"
#include "driver/xml/layout.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <utility>

namespace hostcompat::xml {

namespace {

using Attribute = std::pair<const char*, unsigned>;

template <std::size_t size>
void setAttributes(pugi::xml_node element, const std::array<Attribute, size>& attributes) {
    for (const auto& [name, value] : attributes)
        element.append_attribute(name) = value;
}

/// Sockets of a node, dies of a socket, cores of a die and threads of a core, each the most that
/// there is: what libvirt's virHostCPUGetInfo() counts.
std::array<Attribute, 4> countTopology(const std::vector<model::NumaNode>& nodes) {
    unsigned sockets = 1;
    std::map<unsigned, std::set<unsigned>> dies;
    std::map<std::pair<unsigned, unsigned>, std::set<unsigned>> cores;
    std::map<std::string, unsigned> threads;
    for (const model::NumaNode& node : nodes) {
        std::set<unsigned> nodeSockets;
        for (const model::LogicalCpu& cpu : node.cpus) {
            nodeSockets.insert(cpu.socketId);
            dies[cpu.socketId].insert(cpu.dieId);
            cores[{cpu.socketId, cpu.dieId}].insert(cpu.coreId);
            ++threads[cpu.siblings];
        }
        sockets = std::max(sockets, static_cast<unsigned>(nodeSockets.size()));
    }
    const auto most = [](const auto& groups, auto sizeOf) {
        unsigned result = 1;
        for (const auto& [key, group] : groups)
            result = std::max(result, static_cast<unsigned>(sizeOf(group)));
        return result;
    };
    const auto sizeOfSet = [](const auto& group) { return group.size(); };
    return {{{"sockets", sockets},
             {"dies", most(dies, sizeOfSet)},
             {"cores", most(cores, sizeOfSet)},
             {"threads", most(threads, [](unsigned count) { return count; })}}};
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
    // Only the id: with core_id, libvirt 11.3 requires a cluster_id that 9.0 forbids.
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
