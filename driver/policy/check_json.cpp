// SPDX-License-Identifier: LGPL-2.1-or-later
// Writes verdicts as JSON.
#include "driver/policy/check_json.hpp"

namespace hostcompat::policy {

using Json = nlohmann::ordered_json;

Json jsonText(const std::string& text) {
    return text.empty() ? Json(nullptr) : Json(text);
}

Json jsonModes(model::ModeSet modes) {
    Json names = Json::array();
    for (const unsigned number : modes.numbers())
        names.push_back(model::modeName(number));
    return names;
}

Json domainJson(const std::string& name, const xml::Domain& domain, const CheckAnswer& answer) {
    return {{"input", name},
            {"domain", jsonText(domain.name)},
            {"verdict", toString(answer.verdict)},
            {"reason", answer.reason},
            {"remedy", jsonText(answer.remedy)},
            {"mode", jsonText(answer.mode)},
            {"warnings", answer.warnings}};
}

Json domainJson(const std::string& name, const Error& error) {
    return {{"input", name},
            {"domain", nullptr},
            {"verdict", "error"},
            {"reason", model::describe(error)},
            {"remedy", nullptr},
            {"mode", nullptr},
            {"warnings", Json::array()}};
}

Json checkJson(const PolicyHost& host, const qemu::QemuModes* qemu, Json domains) {
    return {{"host", host.name},
            {"host_modes", host.compat.known ? jsonModes(supportedModes(host)) : Json(nullptr)},
            {"qemu_modes", qemu ? Json(qemu->accepted) : Json(nullptr)},
            {"domains", std::move(domains)}};
}

std::string wholeJson(const Json& body) {
    Json inner = {{"schema_version", 1}};
    inner.update(body);
    const Json whole = {{"virt-host-compat", std::move(inner)}};
    return whole.dump(2, ' ', false, Json::error_handler_t::replace);
}

} // namespace hostcompat::policy
