// SPDX-License-Identifier: LGPL-2.1-or-later
// Takes hosts from records and documents.
#include "driver/policy/host.hpp"

#include <string_view>

namespace hostcompat::policy {

PolicyHost policyHost(const model::HostRecord& record, std::string name) {
    return {.name = std::move(name),
            .arch = record.host.arch,
            .model = record.host.model,
            .compat = record.compat};
}

Result<PolicyHost> policyHost(const xml::CapabilitiesDocument& document) {
    auto compat = document.compat();
    if (!compat)
        return std::unexpected(std::move(compat.error()));
    PolicyHost host{.name = document.document().name(),
                    .arch = document.arch(),
                    .model = document.model(),
                    .compat = std::move(*compat)};
    pugi::xml_node element = document.document().root();
    for (const std::string_view step : {"host", "cpu", "compat"})
        element = xml::onlyChild(document.document(), element, step).value_or(pugi::xml_node());
    for (const pugi::xml_node mode : element.children()) {
        const std::string_view name = mode.attribute("name").value();
        if (xml::isElement(mode, "mode") && !model::findModeByName(name))
            host.otherModes.push_back(
                {std::string(name),
                 std::string_view(mode.attribute("supported").value()) == "yes"});
    }
    return host;
}

model::ModeSet supportedModes(const PolicyHost& host) {
    return host.compat.known ? host.compat.known->supported : model::ModeSet();
}

} // namespace hostcompat::policy
