// SPDX-License-Identifier: LGPL-2.1-or-later
// What of a libvirt domain document decides about its CPU.
#pragma once

#include "driver/model/error.hpp"
#include "driver/xml/document.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hostcompat::xml {

/// Who runs the guest's instructions.
enum class DomainType {
    kvm,   ///< KVM, which limits the modes
    qemu,  ///< QEMU's emulation (TCG), which KVM does not limit
    other, ///< another hypervisor
};

/// The attribute mode of <cpu>, as libvirt understands it on ppc64.
enum class CpuMode {
    none,            ///< no <cpu>, or one without mode and model: libvirt chooses
    custom,          ///< a CPU model of a generation (POWER9)
    hostModel,       ///< the host's CPU, with a model: limited to a compatibility mode (power9)
    hostPassthrough, ///< the host's CPU
    maximum,         ///< QEMU's CPU "max"
    other,           ///< none that libvirt knows
};

/// A <feature> of a domain's <cpu>; the name is empty if missing.
struct CpuFeature {
    std::optional<std::string> policy;
    std::string name;
};

/// The attributes of <topology>; nothing if missing.
struct CpuTopology {
    std::optional<std::string> sockets;
    std::optional<std::string> dies;
    std::optional<std::string> clusters;
    std::optional<std::string> cores;
    std::optional<std::string> threads;
};

/// A <sibling> of a cell's <distances>; nothing if an attribute is missing.
struct NumaSibling {
    std::optional<std::string> id;
    std::optional<std::string> value;
};

/// A <cache> of a cell; nothing if an attribute, or that of <size> and <line>, is missing.
struct NumaCache {
    std::optional<std::string> level;
    std::optional<std::string> associativity;
    std::optional<std::string> policy;
    std::optional<std::string> size;
    std::optional<std::string> line;
};

/// A <latency> or <bandwidth> of <interconnects>; nothing if an attribute is missing.
struct NumaInterconnect {
    bool isBandwidth = false;
    std::optional<std::string> initiator;
    std::optional<std::string> target;
    std::optional<std::string> cache;
    std::optional<std::string> type;
    std::optional<std::string> value;
    std::optional<std::string> unit;
};

/// A <cell> of <numa>; nothing if an attribute is missing.
struct NumaCell {
    std::optional<std::string> id;
    std::optional<std::string> cpus;
    std::optional<std::string> memory;
    std::optional<std::string> unit;
    std::optional<std::string> memAccess;
    std::optional<std::string> discard;
    /// Those of the first <distances>; nothing if there is none.
    std::optional<std::vector<NumaSibling>> siblings;
    std::vector<NumaCache> caches;
};

/// A <numa>, and what is in its first <interconnects>.
struct Numa {
    std::vector<NumaCell> cells;
    std::vector<NumaInterconnect> interconnects;
};

/// A domain's <cpu>. Texts are as libvirt reads them: white space counts.
struct DomainCpu {
    CpuMode mode = CpuMode::none;
    std::string modeText;
    /// Empty if there is none.
    std::string model;
    /// Attributes of <cpu>, and fallback of <model>, which is empty if missing.
    std::optional<std::string> match;
    std::optional<std::string> check;
    std::optional<std::string> migratable;
    std::string fallback;
    /// <vendor>, and the attribute vendor_id of <model>; empty if missing.
    std::string vendor;
    std::optional<std::string> vendorId;
    /// The first <feature> whose policy is not optional; empty if there is none.
    std::string feature;
    std::vector<CpuFeature> features;
    /// Whether there are <cache> and <maxphysaddr>.
    bool hasCache = false;
    bool hasMaximumAddress = false;
    std::optional<CpuTopology> topology;
    std::optional<Numa> numa;
    /// The attribute model of <cpu>, which libvirt ignores.
    std::optional<std::string> modelAttribute;
};

/// A <qemu:property> of <qemu:override>: what a property of a device becomes. Nothing where an
/// attribute is missing.
struct QemuProperty {
    std::optional<std::string> name;
    std::optional<std::string> type;
    std::optional<std::string> value;
};

/// A <qemu:device> of <qemu:override>, with the properties of its frontend.
struct QemuDevice {
    std::optional<std::string> alias;
    std::vector<QemuProperty> properties;
};

/// A domain, as far as its CPU goes.
struct Domain {
    /// Empty if missing.
    std::string name;
    std::string uuid;
    DomainType type = DomainType::kvm;
    std::string typeText;
    /// The architecture and machine type of <os><type>; empty if missing.
    std::string arch;
    std::string machine;
    /// The text of <os><type>: "hvm", or what else libvirt is to run; nothing where the domain is
    /// not from a document.
    std::optional<std::string> osType = {};
    DomainCpu cpu;
    /// The text of <vcpu> and its attributes; nothing where missing.
    std::optional<std::string> vcpus;
    std::optional<std::string> currentVcpus;
    std::optional<std::string> vcpuPlacement;
    std::optional<std::string> vcpuSet;
    /// The values of <qemu:commandline><qemu:arg>; nothing for one without a value.
    std::vector<std::optional<std::string>> qemuArguments;
    /// Whether <qemu:commandline> has a <qemu:env> without a name.
    bool namelessVariable = false;
    /// The devices of <qemu:override>. libvirt gives their properties to -device alone, and it
    /// writes none for a CPU or a machine, so they change neither (libvirt 9.0
    /// src/qemu/qemu_command.c: qemuBuildDeviceCommandlineFromJSON()).
    std::vector<QemuDevice> qemuOverrides;
};

/// Whether QEMU's machine type takes compatibility modes (libvirt 9.0
/// src/qemu/qemu_domain.c, qemuDomainMachineIsPSeries(); no machine means the default, pseries).
bool isPseriesMachine(std::string_view machine);

/// Whether an architecture is IBM POWER, of either byte order.
bool isPowerArch(std::string_view arch);

/// Whether libvirt knows the word as the attribute match of <cpu>.
bool isCpuMatch(std::string_view word);

/// A document that is a domain, or one in which libvirt keeps a domain.
class DomainDocument {
public:
    /// Takes the bytes if they are a domain.
    /// Errors: those of Document::read(); kind input with the line where the root is another
    /// element, <os>, its <type>, <cpu> or its <model> appears twice, or <os><type> or the
    /// attribute type is missing.
    static Result<DomainDocument> read(std::string bytes, std::string name);

    /// The domain of an element that libvirt keeps it in: the state of a running domain
    /// (<domstatus>), a snapshot (<domainsnapshot>, which may have an <inactiveDomain> too) or a
    /// checkpoint.
    ///
    /// @param which which of the domains in it, counted from 0. Errors: those of read(), and kind
    /// input where it holds none.
    static Result<DomainDocument> readWithin(std::string bytes, std::string name,
                                             std::size_t which);

    const Document& document() const {
        return document_;
    }
    const Domain& domain() const {
        return domain_;
    }
    /// <cpu> and its <model>; empty nodes where missing.
    pugi::xml_node cpu() const {
        return cpu_;
    }
    pugi::xml_node model() const {
        return model_;
    }
    /// <domain>: the document's root unless it was read by readWithin().
    pugi::xml_node element() const {
        return element_;
    }

private:
    explicit DomainDocument(Document document) : document_(std::move(document)) {}

    Result<void> readDomain();
    Result<void> readHead();
    Result<void> readCpu();
    void readRest();
    void readOverrides(pugi::xml_node override);

    Document document_;
    Domain domain_;
    pugi::xml_node element_;
    pugi::xml_node cpu_;
    pugi::xml_node model_;
};

/// A domain of an input, and its name in messages.
struct NamedDomain {
    std::string name;
    /// The lines of the input before the document.
    std::size_t linesBefore = 0;
    Result<DomainDocument> document;
};

/// Reads every domain of an input: one document, or several one after another, each a <domain> or
/// an element that libvirt keeps domains in, or the head of an image that "virsh save" wrote. Never
/// empty.
///
/// @param name the input's name in messages; the domains of several documents are called "NAME
/// (document 2)". Errors: those of DomainDocument, with the line in the input.
std::vector<NamedDomain> readDomains(std::string bytes, const std::string& name);

} // namespace hostcompat::xml
