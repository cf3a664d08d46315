// SPDX-License-Identifier: LGPL-2.1-or-later
// Checks a guest of each CPU model to find out which models are usable.
#include "driver/policy/domain_cpus.hpp"

#include "driver/policy/check.hpp"

namespace hostcompat::policy {

xml::DomainCapabilitiesAnswer domainCpus(const PolicyHost& host,
                                         std::span<const std::string> models) {
    xml::DomainCapabilitiesAnswer answer{.usable = {}, .modes = supportedModes(host)};
    for (const std::string& model : models) {
        if (answer.usable.contains(model))
            continue;
        xml::Domain domain{.typeText = "kvm", .arch = "ppc64le"};
        domain.cpu.mode = xml::CpuMode::custom;
        domain.cpu.modeText = "custom";
        domain.cpu.model = model;
        const Verdict verdict = checkDomain(domain, host).verdict;
        if (verdict == Verdict::compatible || verdict == Verdict::incompatible)
            answer.usable[model] = verdict == Verdict::compatible;
    }
    return answer;
}

std::string withDomainCpus(const xml::DomainCapabilitiesDocument& document,
                           const model::HostRecord& record) {
    // Only the unsupported modes of such a record are reliable. A list of modes would report the
    // missing ones as unsupported, too.
    if (record.compat.known && !model::isBelieved(record.compat.known->source))
        return document.document().bytes();
    const PolicyHost host = policyHost(record, "this host");
    return document.withAnswer(domainCpus(host, document.customModels()));
}

} // namespace hostcompat::policy
