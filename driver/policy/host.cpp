// SPDX-License-Identifier: LGPL-2.1-or-later
// Builds a PolicyHost from a record or a capabilities document.
#include "driver/policy/host.hpp"

#include "driver/text/utf8.hpp"
#include "driver/xml/domain.hpp"

#include <fmt/format.h>

#include <utility>

namespace hostcompat::policy {

PolicyHost policyHost(const model::HostRecord& record, std::string name) {
    const std::string& kernelsName = record.host.basePlatform;
    const model::Mode* own =
        model::findModeByNumber(model::generationOfCpuModel(record.host.model));
    return {.name = std::move(name),
            .arch = record.host.arch,
            .model = record.host.model,
            .level = model::modeNumber(record.host.effectiveMode).value_or(0),
            .nestedApi = record.host.nestedApi,
            .kernelKnowsProcessor = !own || kernelsName.empty() || kernelsName == own->name,
            .pageSize = record.host.pageSize,
            .compat = record.compat};
}

namespace {

/// Whether libvirt knows the host's processor. If it does not, it omits the model and then refuses
/// the CPU mode host-model, which every pinned mode needs (9.0 to 11.3 on Power11).
bool knowsProcessor(const xml::CapabilitiesDocument& document) {
    return !document.model().empty() || !xml::isPowerArch(document.arch());
}

} // namespace

PolicyHost policyHost(const model::HostRecord& record, const xml::CapabilitiesDocument& document) {
    PolicyHost host = policyHost(record, document.document().name());
    host.libvirtKnowsProcessor = knowsProcessor(document);
    return host;
}

Result<PolicyHost> policyHost(const xml::CapabilitiesDocument& document) {
    auto compat = document.compat();
    if (!compat)
        return std::unexpected(std::move(compat.error()));
    return PolicyHost{.name = document.document().name(),
                      .arch = document.arch(),
                      .model = document.model(),
                      .libvirtKnowsProcessor = knowsProcessor(document),
                      .compat = std::move(*compat)};
}

std::string contradiction(const xml::CapabilitiesDocument& document,
                          const model::HostIdentity& host) {
    const std::string arch = document.arch();
    if (!arch.empty() && !xml::isPowerArch(arch))
        return fmt::format("it describes a host of architecture {}, and the answer is about a {} "
                           "host",
                           text::clipped(arch), text::clipped(host.arch));
    const unsigned described = model::generationOfCpuModel(document.model());
    const unsigned asked = model::generationOfCpuModel(host.model);
    if (described != 0 && asked != 0 && described != asked)
        return fmt::format("it describes a {}, and the answer is about a {}",
                           text::clipped(document.model()), text::clipped(host.model));
    return {};
}

model::ModeSet supportedModes(const PolicyHost& host) {
    return host.compat.known ? host.compat.known->supported : model::ModeSet();
}

} // namespace hostcompat::policy
