// SPDX-License-Identifier: LGPL-2.1-or-later
// Takes hosts from records and documents.
#include "driver/policy/host.hpp"

#include "driver/xml/domain.hpp"

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

Result<PolicyHost> policyHost(const xml::CapabilitiesDocument& document) {
    auto compat = document.compat();
    if (!compat)
        return std::unexpected(std::move(compat.error()));
    return PolicyHost{.name = document.document().name(),
                      .arch = document.arch(),
                      .model = document.model(),
                      .libvirtKnowsProcessor =
                          !document.model().empty() || !xml::isPowerArch(document.arch()),
                      .compat = std::move(*compat)};
}

model::ModeSet supportedModes(const PolicyHost& host) {
    return host.compat.known ? host.compat.known->supported : model::ModeSet();
}

} // namespace hostcompat::policy
