// SPDX-License-Identifier: LGPL-2.1-or-later
// Reads domain documents the way libvirt does (libvirt 9.0 src/conf/domain_conf.c, cpu_conf.c).
#include "driver/xml/domain.hpp"

#include "driver/text/utf8.hpp"

#include <fmt/format.h>

namespace hostcompat::xml {

namespace {

constexpr const char* kAction = "read the domain document";

/// XPath's string(): white space at the ends is part of it, and libvirt passes it on to QEMU.
std::string wholeText(pugi::xml_node element) {
    std::string text;
    for (const pugi::xml_node child : element.children())
        if (child.type() == pugi::node_pcdata || child.type() == pugi::node_cdata)
            text += child.value();
    return text;
}

std::optional<std::string> attributeOf(pugi::xml_node element, const char* name) {
    const pugi::xml_attribute attribute = element.attribute(name);
    return attribute ? std::optional<std::string>(attribute.value()) : std::nullopt;
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
    if (auto head = result.readHead(); !head)
        return std::unexpected(std::move(head.error()));
    if (auto cpu = result.readCpu(); !cpu)
        return std::unexpected(std::move(cpu.error()));
    return result;
}

Result<void> DomainDocument::readHead() {
    const pugi::xml_node root = document_.root();
    const auto refuse = [&](pugi::xml_node at, std::string reason) -> Result<void> {
        return std::unexpected(document_.errorAt(at, kAction, std::move(reason)));
    };
    if (!isElement(root, "domain"))
        return refuse(root,
                      fmt::format("its root is <{}> and not <domain>{}", text::clipped(root.name()),
                                  std::string_view(root.name()) == "capabilities"
                                      ? "; name a capabilities document with --host"
                                      : ""));
    domain_.typeText = root.attribute("type").value();
    if (domain_.typeText.empty())
        return refuse(root, "<domain> has no attribute type (kvm or qemu)");
    domain_.type = parseType(domain_.typeText);

    const auto name = onlyChild(document_, root, "name");
    if (!name)
        return std::unexpected(name.error());
    domain_.name = textOf(*name);
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
    return {};
}

Result<void> DomainDocument::readCpu() {
    const auto cpu = onlyChild(document_, document_.root(), "cpu");
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
    result.vendorId = model_.attribute("vendor_id").value();
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
    // Without a model there is nothing custom; <cpu> holds a topology and libvirt chooses the CPU.
    if (result.mode == CpuMode::custom && result.model.empty())
        result.mode = CpuMode::none;
    return {};
}

} // namespace hostcompat::xml
