// SPDX-License-Identifier: LGPL-2.1-or-later
// Reads domain documents the way libvirt does (libvirt 9.0 src/conf/domain_conf.c, cpu_conf.c).
#include "driver/xml/domain.hpp"

#include "driver/text/utf8.hpp"
#include "driver/xml/several.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace hostcompat::xml {

namespace {

constexpr const char* kReadDomain = "read the domain document";

/// Collects the text of an element and of those below it.
class TextCollector : public pugi::xml_tree_walker {
public:
    bool for_each(pugi::xml_node& node) override {
        if (node.type() == pugi::node_pcdata || node.type() == pugi::node_cdata)
            text += node.value();
        return true;
    }

    std::string text;
};

/// XPath's string(): white space at the ends is part of it, and libvirt passes it on to QEMU.
std::string wholeText(pugi::xml_node element) {
    TextCollector collector;
    element.traverse(collector);
    return std::move(collector.text);
}

std::optional<std::string> attributeOf(pugi::xml_node element, const char* name) {
    const pugi::xml_attribute attribute = element.attribute(name);
    return attribute ? std::optional<std::string>(attribute.value()) : std::nullopt;
}

/// An attribute of the first child of a name.
std::optional<std::string> attributeOfChild(pugi::xml_node element, const char* child,
                                            const char* name) {
    return attributeOf(element.child(child), name);
}

NumaCell numaCellOf(pugi::xml_node element) {
    NumaCell cell{.id = attributeOf(element, "id"),
                  .cpus = attributeOf(element, "cpus"),
                  .memory = attributeOf(element, "memory"),
                  .unit = attributeOf(element, "unit"),
                  .memAccess = attributeOf(element, "memAccess"),
                  .discard = attributeOf(element, "discard"),
                  .siblings = std::nullopt,
                  .caches = {}};
    if (const pugi::xml_node distances = element.child("distances")) {
        cell.siblings.emplace();
        for (const pugi::xml_node sibling : distances.children("sibling"))
            cell.siblings->push_back({attributeOf(sibling, "id"), attributeOf(sibling, "value")});
    }
    for (const pugi::xml_node cache : element.children("cache"))
        cell.caches.push_back({.level = attributeOf(cache, "level"),
                               .associativity = attributeOf(cache, "associativity"),
                               .policy = attributeOf(cache, "policy"),
                               .size = attributeOfChild(cache, "size", "value"),
                               .line = attributeOfChild(cache, "line", "value")});
    return cell;
}

Numa numaOf(pugi::xml_node element) {
    Numa numa;
    for (const pugi::xml_node cell : element.children("cell"))
        numa.cells.push_back(numaCellOf(cell));
    for (const pugi::xml_node one : element.child("interconnects").children()) {
        const std::string_view name = one.name();
        if (name == "latency" || name == "bandwidth")
            numa.interconnects.push_back({.isBandwidth = name == "bandwidth",
                                          .initiator = attributeOf(one, "initiator"),
                                          .target = attributeOf(one, "target"),
                                          .cache = attributeOf(one, "cache"),
                                          .type = attributeOf(one, "type"),
                                          .value = attributeOf(one, "value"),
                                          .unit = attributeOf(one, "unit")});
    }
    return numa;
}

CpuMode parseMode(std::string_view text) {
    if (text == "custom")
        return CpuMode::custom;
    if (text == "host-model")
        return CpuMode::hostModel;
    if (text == "host-passthrough")
        return CpuMode::hostPassthrough;
    if (text == "maximum")
        return CpuMode::maximum;
    return CpuMode::other;
}

DomainType parseType(std::string_view text) {
    if (text == "kvm")
        return DomainType::kvm;
    return text == "qemu" ? DomainType::qemu : DomainType::other;
}

/// Why a document with that root is not a domain.
std::string otherRoot(std::string_view root) {
    const auto reason = [&](std::string_view hint) {
        return fmt::format("its root is <{}> and not <domain>{}", text::clipped(root), hint);
    };
    if (root == "domain")
        return "its <domain> is in a namespace; libvirt takes only one in no namespace (without "
               "xmlns='...')";
    if (root == "capabilities")
        return reason("; name a capabilities document with --host");
    if (root == "domainCapabilities")
        return reason("; domain capabilities describe a host's QEMU, not a guest");
    if (root == "domstatus" || root == "domainsnapshot" || root == "domaincheckpoint")
        return reason("; take the <domain> out of it ('virsh dumpxml' prints it alone)");
    return reason("");
}

/// Whether a node is an element of that name in libvirt's QEMU namespace.
bool isQemuElement(pugi::xml_node node, std::string_view name) {
    constexpr std::string_view kNamespace = "http://libvirt.org/schemas/domain/qemu/1.0";
    const std::string_view whole = node.name();
    const std::size_t colon = whole.find(':');
    const bool prefixed = colon != std::string_view::npos;
    if (whole.substr(prefixed ? colon + 1 : 0) != name)
        return false;
    const std::string declared =
        prefixed ? fmt::format("xmlns:{}", whole.substr(0, colon)) : std::string("xmlns");
    for (; node; node = node.parent())
        if (const auto declaration = node.attribute(declared.c_str()))
            return declaration.value() == kNamespace;
    return false;
}

} // namespace

bool isPseriesMachine(std::string_view machine) {
    return machine.empty() || machine == "pseries" || machine.starts_with("pseries-");
}

bool isPowerArch(std::string_view arch) {
    return arch == "ppc64" || arch == "ppc64le";
}

bool isCpuMatch(std::string_view word) {
    return word == "minimum" || word == "exact" || word == "strict";
}

Result<DomainDocument> DomainDocument::read(std::string bytes, std::string name) {
    auto document = Document::read(std::move(bytes), std::move(name));
    if (!document)
        return std::unexpected(std::move(document.error()));
    DomainDocument result(std::move(*document));
    result.element_ = result.document_.root();
    if (auto read = result.readDomain(); !read)
        return std::unexpected(std::move(read.error()));
    return result;
}

Result<DomainDocument> DomainDocument::readWithin(std::string bytes, std::string name,
                                                  std::size_t which) {
    auto document = Document::read(std::move(bytes), std::move(name));
    if (!document)
        return std::unexpected(std::move(document.error()));
    DomainDocument result(std::move(*document));
    const pugi::xml_node root = result.document_.root();
    for (const pugi::xml_node child : root.children())
        if ((isElement(child, "domain") || isElement(child, "inactiveDomain")) && which-- == 0)
            result.element_ = child;
    if (!result.element_)
        return std::unexpected(result.document_.errorAt(
            root, kReadDomain, fmt::format("<{}> has no <domain>", root.name())));
    if (auto read = result.readDomain(); !read)
        return std::unexpected(std::move(read.error()));
    return result;
}

Result<void> DomainDocument::readDomain() {
    if (auto head = readHead(); !head)
        return head;
    if (auto cpu = readCpu(); !cpu)
        return cpu;
    readRest();
    return {};
}

Result<void> DomainDocument::readHead() {
    const pugi::xml_node root = element_;
    const auto refuse = [&](pugi::xml_node at, std::string reason) -> Result<void> {
        return std::unexpected(document_.errorAt(at, kReadDomain, std::move(reason)));
    };
    if (root == document_.root() && !isElement(root, "domain"))
        return refuse(root, otherRoot(root.name()));
    domain_.typeText = root.attribute("type").value();
    if (domain_.typeText.empty())
        return refuse(root, "<domain> has no attribute type (kvm or qemu)");
    domain_.type = parseType(domain_.typeText);

    const auto name = onlyChild(document_, root, "name");
    if (!name)
        return std::unexpected(name.error());
    domain_.name = textOf(*name);
    domain_.uuid = textOf(root.child("uuid"));
    const auto os = onlyChild(document_, root, "os");
    if (!os)
        return std::unexpected(os.error());
    const auto type = onlyChild(document_, *os, "type");
    if (!type)
        return std::unexpected(type.error());
    if (!*type)
        return refuse(*os ? *os : root,
                      "the domain has no <os><type>, which names its architecture and machine");
    domain_.arch = type->attribute("arch").value();
    domain_.machine = type->attribute("machine").value();
    domain_.osType = wholeText(*type);
    return {};
}

Result<void> DomainDocument::readCpu() {
    const auto cpu = onlyChild(document_, element_, "cpu");
    if (!cpu)
        return std::unexpected(cpu.error());
    cpu_ = *cpu;
    const auto model = onlyChild(document_, cpu_, "model");
    if (!model)
        return std::unexpected(model.error());
    model_ = *model;

    DomainCpu& result = domain_.cpu;
    result.model = wholeText(model_);
    result.fallback = model_.attribute("fallback").value();
    result.match = attributeOf(cpu_, "match");
    result.check = attributeOf(cpu_, "check");
    result.migratable = attributeOf(cpu_, "migratable");
    result.vendorId = attributeOf(model_, "vendor_id");
    for (const pugi::xml_node child : cpu_.children()) {
        if (isElement(child, "vendor") && result.vendor.empty())
            result.vendor = wholeText(child);
        if (isElement(child, "feature"))
            result.features.push_back(
                {attributeOf(child, "policy"), child.attribute("name").value()});
        if (isElement(child, "feature") && result.feature.empty() &&
            std::string_view(child.attribute("policy").value()) != "optional")
            result.feature = child.attribute("name").value();
    }
    const pugi::xml_attribute mode = cpu_.attribute("mode");
    result.modeText = mode ? mode.value() : "custom";
    result.mode = parseMode(result.modeText);
    // A custom CPU without a model is not custom: <cpu> only contains a topology, and libvirt
    // chooses the CPU.
    if (result.mode == CpuMode::custom && result.model.empty())
        result.mode = CpuMode::none;
    return {};
}

void DomainDocument::readOverrides(pugi::xml_node override) {
    for (const pugi::xml_node device : override.children()) {
        if (!isQemuElement(device, "device"))
            continue;
        QemuDevice& read = domain_.qemuOverrides.emplace_back(attributeOf(device, "alias"));
        for (const pugi::xml_node frontend : device.children())
            for (const pugi::xml_node property : frontend.children())
                if (isQemuElement(frontend, "frontend") && isQemuElement(property, "property"))
                    read.properties.push_back({.name = attributeOf(property, "name"),
                                               .type = attributeOf(property, "type"),
                                               .value = attributeOf(property, "value")});
    }
}

void DomainDocument::readRest() {
    DomainCpu& cpu = domain_.cpu;
    cpu.modelAttribute = attributeOf(cpu_, "model");
    for (const pugi::xml_node child : cpu_.children()) {
        cpu.hasCache = cpu.hasCache || isElement(child, "cache");
        cpu.hasMaximumAddress = cpu.hasMaximumAddress || isElement(child, "maxphysaddr");
        if (isElement(child, "topology") && !cpu.topology)
            cpu.topology = CpuTopology{
                .sockets = attributeOf(child, "sockets"),
                .dies = attributeOf(child, "dies"),
                .clusters = attributeOf(child, "clusters"),
                .cores = attributeOf(child, "cores"),
                .threads = attributeOf(child, "threads"),
            };
        if (isElement(child, "numa") && !cpu.numa)
            cpu.numa = numaOf(child);
    }
    for (const pugi::xml_node child : element_.children()) {
        if (isElement(child, "vcpu") && !domain_.vcpus) {
            domain_.vcpus = wholeText(child);
            domain_.currentVcpus = attributeOf(child, "current");
            domain_.vcpuPlacement = attributeOf(child, "placement");
            domain_.vcpuSet = attributeOf(child, "cpuset");
        }
        if (isQemuElement(child, "override"))
            readOverrides(child);
        if (isQemuElement(child, "commandline"))
            for (const pugi::xml_node argument : child.children()) {
                if (isQemuElement(argument, "arg"))
                    domain_.qemuArguments.push_back(attributeOf(argument, "value"));
                if (isQemuElement(argument, "env") && !attributeOf(argument, "name"))
                    domain_.namelessVariable = true;
            }
    }
}

namespace {

/// The header that "virsh save" writes before the document (libvirt 9.0 src/qemu/qemu_saveimage.h:
/// virQEMUSaveHeader): a magic of 16 bytes and numbers, in the byte order of the host that wrote
/// it. The document ends with a NUL and is never compressed.
constexpr std::string_view kSaveMark = "LibvirtQemudSave";
constexpr std::string_view kPartMark = "LibvirtQemudPart";
constexpr std::size_t kSaveHeader = 92;

/// The document of a saved image; all the bytes if they are not an image.
std::string_view documentOf(std::string_view bytes) {
    if (bytes.size() < kSaveHeader ||
        (!bytes.starts_with(kSaveMark) && !bytes.starts_with(kPartMark)))
        return bytes;
    const std::string_view document = bytes.substr(kSaveHeader);
    return document.substr(0, document.find('\0'));
}

/// The number of domains in a libvirt element that can contain several; 0 for any other document.
std::size_t domainsWithin(std::string_view document) {
    if (!document.starts_with("<domstatus") && !document.starts_with("<domainsnapshot") &&
        !document.starts_with("<domaincheckpoint"))
        return 0;
    return document.find("<inactiveDomain") == std::string_view::npos ? 1 : 2;
}

} // namespace

std::vector<NamedDomain> readDomains(std::string bytes, const std::string& name) {
    std::vector<NamedDomain> domains;
    const std::string_view whole = documentOf(bytes);
    const auto parts = splitDocuments(whole);
    const bool several = parts.size() > 1;
    const auto add = [&](std::string called, Result<DomainDocument> document, std::size_t line) {
        if (!document && document.error().line != 0)
            document.error().line += line;
        domains.push_back({std::move(called), line, std::move(document)});
    };
    std::size_t line = 0;
    const char* counted = whole.data();
    for (std::size_t index = 0; index < parts.size(); ++index) {
        const std::string called =
            several ? fmt::format("{} (document {})", name, index + 1) : name;
        line += static_cast<std::size_t>(std::count(counted, parts[index].data(), '\n'));
        counted = parts[index].data();
        const std::size_t within = domainsWithin(parts[index]);
        if (within == 0) {
            // A document on its own keeps its XML declaration, which contains the encoding.
            add(called, DomainDocument::read(std::string(several ? parts[index] : whole), called),
                several ? line : 0);
            continue;
        }
        for (std::size_t which = 0; which < within; ++which)
            add(which == 0 ? called : called + " (inactive)",
                DomainDocument::readWithin(std::string(parts[index]), called, which), line);
    }
    if (domains.empty())
        add(name, DomainDocument::read(std::string(whole), name), 0);
    return domains;
}

} // namespace hostcompat::xml
