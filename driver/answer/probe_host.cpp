// SPDX-License-Identifier: LGPL-2.1-or-later
// Reads all sources and builds the record.
#include "driver/answer/probe_host.hpp"

#include "driver/answer/checks.hpp"
#include "driver/answer/resolve.hpp"
#include "driver/host/topology.hpp"
#include "driver/kvm/probe.hpp"

#include <utility>

namespace hostcompat::answer {

namespace {

/// Which nested API KVM uses: none on PowerNV, because there is no hypervisor below it. On pSeries
/// KVM_CAP_PPC_NESTED_HV is 1 with v1, and 0 with v2 or where the module's option nested is off.
std::optional<model::NestedApi> nestedApiOf(const std::optional<kvm::KvmAnswer>& kvm,
                                            const host::HostFacts& facts) {
    if (facts.identity.platform == model::Platform::powernv)
        return model::NestedApi::none;
    if (facts.identity.platform != model::Platform::pseries || !kvm || !kvm->nestedHv)
        return std::nullopt;
    if (*kvm->nestedHv)
        return model::NestedApi::v1;
    return facts.nestedOption == false ? std::nullopt : std::optional(model::NestedApi::v2);
}

} // namespace

Result<ProbedHost> probeHost(kvm::Kernel& kernel, const HostPlace& place) {
    host::HostFacts facts = host::readHost(place.root, place.names);
    std::optional<kvm::KvmAnswer> kvm;
    if (facts.identity.arch.starts_with("ppc64")) {
        auto answer = kvm::askKvm(kernel, {.device = place.device, .alwaysTry = place.alwaysTry});
        if (!answer)
            return std::unexpected(std::move(answer.error()));
        kvm = std::move(*answer);
    }
    facts.identity.nestedApi = nestedApiOf(kvm, facts);
    model::HostCompat compat = resolveCompat(kvm, facts);
    std::vector<model::Check> checks = checkHost(kvm, facts, compat);
    return ProbedHost{.record = {.time = place.time,
                                 .host = std::move(facts.identity),
                                 .compat = std::move(compat),
                                 .checks = std::move(checks)},
                      .nodes = place.topology ? host::readTopology(place.root)
                                              : std::vector<model::NumaNode>()};
}

} // namespace hostcompat::answer
