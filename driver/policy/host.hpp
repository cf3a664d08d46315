// SPDX-License-Identifier: LGPL-2.1-or-later
// The host that decisions are made about: this one, a record of one, or a capabilities document.
#pragma once

#include "driver/model/host_compat.hpp"
#include "driver/xml/capabilities.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace hostcompat::policy {

/// A host as decisions see it. Texts are empty where it does not say.
struct PolicyHost {
    /// What messages call it: "this host", or the document's name.
    std::string name;
    /// "ppc64le".
    std::string arch;
    /// The model of the processor itself ("POWER10"), whatever mode the host runs in.
    std::string model;
    /// The number of the mode that the host itself runs in; 0 where it does not say.
    unsigned level = 0;
    /// Nothing where it does not say.
    std::optional<model::NestedApi> nestedApi = {};
    /// False where the host's kernel is older than its processor, and has another name for it.
    bool kernelKnowsProcessor = true;
    /// False where the host's libvirt wrote a document without a CPU model, so that it does not
    /// know the processor.
    bool libvirtKnowsProcessor = true;
    /// The kernel's page size in bytes; 0 where it does not say.
    std::uint64_t pageSize = 0;
    model::HostCompat compat;
};

/// The host of a record.
PolicyHost policyHost(const model::HostRecord& record, std::string name);

/// The host of a record, and what the document of the libvirt there says of that libvirt.
PolicyHost policyHost(const model::HostRecord& record, const xml::CapabilitiesDocument& document);

/// The host of a capabilities document. Errors: those of CapabilitiesDocument::compat().
Result<PolicyHost> policyHost(const xml::CapabilitiesDocument& document);

/// Why an answer about a host cannot be about the one that the document describes, as a clause;
/// empty where it can: the architecture is another one, or the processor's generation.
std::string contradiction(const xml::CapabilitiesDocument& document,
                          const model::HostIdentity& host);

/// The modes that the host supports; none where they are unknown.
model::ModeSet supportedModes(const PolicyHost& host);

} // namespace hostcompat::policy
