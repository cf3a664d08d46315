// SPDX-License-Identifier: LGPL-2.1-or-later
// Decides about documents and CPUs that pass through the module.
#include "driver/libvirt/module/wrapped.hpp"

#include "driver/libvirt/uri.hpp"
#include "driver/policy/domain_cpus.hpp"
#include "driver/xml/capabilities.hpp"
#include "driver/xml/document.hpp"

namespace hostcompat::libvirt::module {

bool concernsHost(std::string_view uri, const Answer& answer) {
    const ConnectionUri place = readUri(uri);
    return place.place == UriPlace::thisHost && (answer.recorded || place.scheme == "qemu");
}

Result<std::string> withCompat(std::string_view document, const model::KnownCompat& compat) {
    const auto capabilities =
        xml::CapabilitiesDocument::read(std::string(document), "libvirt's capabilities document");
    if (!capabilities)
        return std::unexpected(capabilities.error());
    return capabilities->withCompat(compat);
}

Result<std::string> withDomainCpus(std::string_view document, const model::HostRecord& host) {
    auto capabilities = xml::DomainCapabilitiesDocument::read(
        std::string(document), "libvirt's domain capabilities document");
    if (!capabilities)
        return std::unexpected(std::move(capabilities.error()));
    return capabilities->whyNotOfModes().empty() ? policy::withDomainCpus(*capabilities, host)
                                                 : std::string(document);
}

bool concernsPowerKvm(const HypervisorQuestion& question) {
    const bool power = !question.arch || std::string_view(question.arch).starts_with("ppc64");
    return power && (!question.virtType || std::string_view(question.virtType) == "kvm");
}

std::string refusedMode(std::string_view cpuXml, const model::KnownCompat& compat) {
    const auto document = xml::Document::read(std::string(cpuXml), "the CPU");
    // libvirt has already parsed it. If this code cannot, libvirt's answer is not changed.
    if (!document)
        return {};
    const pugi::xml_node cpu = document->root();
    if (!xml::isElement(cpu, "cpu") ||
        std::string_view(cpu.attribute("mode").value()) != "host-model")
        return {};
    const auto model = xml::onlyChild(*document, cpu, "model");
    if (!model || !*model)
        return {};
    const auto mode = model::modeNumber(xml::textOf(*model));
    return mode && compat.refused.contains(*mode) ? model::modeName(*mode) : std::string();
}

} // namespace hostcompat::libvirt::module
