// SPDX-License-Identifier: LGPL-2.1-or-later
// libvirt's domain capabilities document, and what the answer changes in it.
#pragma once

#include "driver/model/error.hpp"
#include "driver/model/mode.hpp"
#include "driver/xml/document.hpp"

#include <map>
#include <string>
#include <vector>

namespace hostcompat::xml {

/// What is known of the CPUs that guests can have.
struct DomainCapabilitiesAnswer {
    /// By the name of a custom model: whether guests run with it. A model that is missing is not
    /// told.
    std::map<std::string, bool> usable;
    /// The modes that a host-model CPU may pin.
    model::ModeSet modes;
};

/// A document that virConnectGetDomainCapabilities() gave.
class DomainCapabilitiesDocument {
public:
    /// Takes the bytes if they are such a document.
    /// Errors: those of Document::read(); kind input where the root is another element, and with
    /// the line where it would be left open which is meant: of two <arch>, <domain>, <machine> or
    /// <cpu>, and of two <mode> of the name custom or host-model.
    static Result<DomainCapabilitiesDocument> read(std::string bytes, std::string name);

    const Document& document() const {
        return document_;
    }
    /// The texts of <arch>, <domain> and <machine>; empty if missing.
    std::string arch() const;
    std::string domainType() const;
    std::string machine() const;
    /// Why no answer of KVM's about modes belongs into the document, as a clause; empty if one
    /// does: it is of ppc64 or ppc64le, of domains of type kvm, and of the machine type pseries.
    std::string whyNotOfModes() const;
    /// The models of <mode name='custom'> that libvirt calls usable='unknown', or that an earlier
    /// answer called yes or no. One with another word is left as it is.
    std::vector<std::string> customModels() const;

    /// Whether <mode name='host-model'> has the modes that an earlier answer put there.
    bool hasModes() const;

    /// The document's bytes with usable='yes' or 'no' of the custom models that the answer tells,
    /// and in <mode name='host-model' supported='yes'> its modes as <enum name='compat'>, as the
    /// last child and instead of an older one. No other byte changes; the operation is idempotent.
    std::string withAnswer(const DomainCapabilitiesAnswer& answer) const;

private:
    /// What is there; an empty node for what is not, and for a mode that is not supported.
    struct Parts {
        pugi::xml_node arch;
        pugi::xml_node domain;
        pugi::xml_node machine;
        pugi::xml_node cpu;
        pugi::xml_node custom;
        pugi::xml_node hostModel;
    };

    DomainCapabilitiesDocument(Document document, const Parts& parts)
        : document_(std::move(document)), parts_(parts) {}

    /// The bytes of <mode name='custom'>, which stands there, with the answer's usable.
    std::string withUsable(const DomainCapabilitiesAnswer& answer, const ElementSpan& custom) const;

    Document document_;
    Parts parts_;
};

} // namespace hostcompat::xml
