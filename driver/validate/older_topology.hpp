// SPDX-License-Identifier: LGPL-2.1-or-later
// What older versions of libvirt do not write of the host's CPUs, and the grammars of newer ones
// want.
#pragma once

#include <libxml/tree.h>

#include <algorithm>
#include <span>
#include <vector>

namespace hostcompat::validate {

/// The <cpu> elements of /capabilities/host/topology. The nodes belong to the document.
std::vector<xmlNode*> topologyCpus(xmlDoc* document);

/// Attributes of each of these CPUs that libvirt came to write: first die_id, then cluster_id
/// (capability.rng of 9.0, which wants the first, and of 11.3, which wants both).
std::span<const char* const> topologyAttributes();

/// Gives elements an attribute that they lack, and takes it away at the end of the scope.
class AddedAttribute {
public:
    /// Elements that have the attribute keep theirs.
    AddedAttribute(std::span<xmlNode* const> elements, const char* name);
    AddedAttribute(const AddedAttribute&) = delete;
    AddedAttribute& operator=(const AddedAttribute&) = delete;
    ~AddedAttribute();

    bool isAddedTo(const xmlNode* element) const {
        return std::ranges::find(added_, element, &xmlAttr::parent) != added_.end();
    }

private:
    std::vector<xmlAttr*> added_;
};

} // namespace hostcompat::validate
