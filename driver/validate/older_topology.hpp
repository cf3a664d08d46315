// SPDX-License-Identifier: LGPL-2.1-or-later
// Attributes of the host's CPUs that older versions of libvirt do not write, but the grammars of
// newer versions require.
#pragma once

#include <libxml/tree.h>

#include <algorithm>
#include <span>
#include <vector>

namespace hostcompat::validate {

/// The <cpu> elements of /capabilities/host/topology. The nodes belong to the document.
std::vector<xmlNode*> topologyCpus(xmlDoc* document);

/// Attributes of these CPUs that later versions of libvirt added: first die_id, then cluster_id
/// (capability.rng of 9.0 requires the first, that of 11.3 both).
std::span<const char* const> topologyAttributes();

/// Adds an attribute to elements that lack it, and removes it at the end of the scope.
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
