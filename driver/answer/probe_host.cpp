// SPDX-License-Identifier: LGPL-2.1-or-later
// Asks everybody and puts the record together.
#include "driver/answer/probe_host.hpp"

#include "driver/answer/checks.hpp"
#include "driver/answer/resolve.hpp"
#include "driver/host/topology.hpp"
#include "driver/kvm/probe.hpp"

#include <utility>

namespace hostcompat {

Result<ProbedHost> probeHost(Kernel& kernel, const HostPlace& place) {
    HostFacts facts = readHost(place.root, place.names);
    std::optional<KvmAnswer> kvm;
    if (facts.identity.arch.starts_with("ppc64")) {
        auto answer = askKvm(kernel, place.device);
        if (!answer)
            return std::unexpected(std::move(answer.error()));
        kvm = std::move(*answer);
    }
    HostCompat compat = resolveCompat(kvm, facts);
    std::vector<Check> checks = checkHost(kvm, facts, compat);
    return ProbedHost{.record = {.host = std::move(facts.identity),
                                 .compat = std::move(compat),
                                 .checks = std::move(checks)},
                      .nodes = place.topology ? readTopology(place.root) : std::vector<NumaNode>()};
}

} // namespace hostcompat
