// SPDX-License-Identifier: LGPL-2.1-or-later
// Asks everybody and puts the record together.
#include "driver/answer/probe_host.hpp"

#include "driver/answer/checks.hpp"
#include "driver/answer/resolve.hpp"
#include "driver/host/topology.hpp"
#include "driver/kvm/probe.hpp"

#include <utility>

namespace hostcompat::answer {

Result<ProbedHost> probeHost(kvm::Kernel& kernel, const HostPlace& place) {
    host::HostFacts facts = host::readHost(place.root, place.names);
    std::optional<kvm::KvmAnswer> kvm;
    if (facts.identity.arch.starts_with("ppc64")) {
        auto answer = kvm::askKvm(kernel, place.device);
        if (!answer)
            return std::unexpected(std::move(answer.error()));
        kvm = std::move(*answer);
    }
    model::HostCompat compat = resolveCompat(kvm, facts);
    std::vector<model::Check> checks = checkHost(kvm, facts, compat);
    return ProbedHost{.record = {.host = std::move(facts.identity),
                                 .compat = std::move(compat),
                                 .checks = std::move(checks)},
                      .nodes = place.topology ? host::readTopology(place.root)
                                              : std::vector<model::NumaNode>()};
}

} // namespace hostcompat::answer
