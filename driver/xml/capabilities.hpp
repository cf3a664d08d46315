// SPDX-License-Identifier: LGPL-2.1-or-later
// libvirt's host capabilities document, and the element <compat> in it.
#pragma once

#include "driver/model/error.hpp"
#include "driver/model/host_compat.hpp"
#include "driver/model/topology.hpp"
#include "driver/xml/document.hpp"

#include <string>
#include <vector>

namespace hostcompat::xml {

/// A capabilities document that has /capabilities/host/cpu.
class CapabilitiesDocument {
public:
    /// Takes the bytes if they are such a document.
    /// Errors: those of Document::read(); kind input if the root is another element or in a
    /// namespace, and where <host> or its <cpu> is missing or duplicated, with the line.
    static Result<CapabilitiesDocument> read(std::string bytes, std::string name);

    const Document& document() const {
        return document_;
    }
    /// The text of <arch> and <model> in <cpu>; empty if missing.
    std::string arch() const;
    std::string model() const;

    /// The host's modes; unknown if the document has no <compat>, or describes a host of another
    /// architecture than POWER. Modes newer than its processor are not supported. Modes beyond the
    /// table are kept; of a source that is not believed (model::isBelieved()) only "no" counts.
    /// Errors: kind input with the line where <compat> appears twice or has no source, a mode has
    /// no name, appears twice, or says neither yes nor no.
    Result<model::HostCompat> compat() const;

    /// The document's bytes with <compat> as the last child of <cpu> instead of any that was there,
    /// laid out like its neighbours. No other byte changes; the operation is idempotent.
    std::string withCompat(const model::KnownCompat& compat) const;

private:
    explicit CapabilitiesDocument(Document document, pugi::xml_node cpu)
        : document_(std::move(document)), cpu_(cpu) {}

    Document document_;
    pugi::xml_node cpu_;
};

/// A capabilities document built from what is known of a host, without <compat>: arch, model and
/// topology, in the order and layout of libvirt's src/conf/capabilities.c.
std::string renderCapabilities(const model::HostIdentity& host,
                               const std::vector<model::NumaNode>& nodes);

} // namespace hostcompat::xml
