// SPDX-License-Identifier: LGPL-2.1-or-later
// Completes the host's CPUs temporarily, to find out whether the document is valid otherwise.
#include "driver/validate/older_topology.hpp"

#include "driver/validate/tree.hpp"

namespace hostcompat::validate {

std::vector<xmlNode*> topologyCpus(xmlDoc* document) {
    std::vector<const xmlNode*> found{xmlDocGetRootElement(document)};
    if (!tree::isPlain(found.front(), "capabilities"))
        return {};
    for (const char* name : {"host", "topology", "cells", "cell", "cpus", "cpu"}) {
        std::vector<const xmlNode*> children;
        for (const xmlNode* parent : found)
            for (const xmlNode* child = parent->children; child; child = child->next)
                if (tree::isPlain(child, name))
                    children.push_back(child);
        found = std::move(children);
    }
    std::vector<xmlNode*> cpus;
    for (const xmlNode* cpu : found)
        cpus.push_back(const_cast<xmlNode*>(cpu));
    return cpus;
}

std::span<const char* const> topologyAttributes() {
    static constexpr const char* kNames[] = {"die_id", "cluster_id"};
    return kNames;
}

AddedAttribute::AddedAttribute(std::span<xmlNode* const> elements, const char* name) {
    const auto* const attribute = reinterpret_cast<const xmlChar*>(name);
    for (xmlNode* element : elements)
        if (!xmlHasProp(element, attribute))
            // If memory runs out, the element is not changed, and its defect remains.
            if (xmlAttr* const added =
                    xmlNewProp(element, attribute, reinterpret_cast<const xmlChar*>("0")))
                added_.push_back(added);
}

AddedAttribute::~AddedAttribute() {
    for (xmlAttr* attribute : added_)
        xmlRemoveProp(attribute);
}

} // namespace hostcompat::validate
