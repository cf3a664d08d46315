// SPDX-License-Identifier: LGPL-2.1-or-later
// Asks this host, or reads the record of a host.
#include "tools/host_source.hpp"

#include "driver/answer/record.hpp"
#include "driver/input/read_file.hpp"
#include "driver/policy/wording.hpp"
#include "tools/sandboxing.hpp"

namespace hostcompat::tools {

Result<answer::ProbedHost> lookAtHost(const std::string& probeFile, bool noSandbox,
                                      const answer::HostPlace& place) {
    if (probeFile.empty()) {
        kvm::SystemKernel kernel;
        return answer::probeHost(kernel, place);
    }
    const auto json = input::readInput(probeFile);
    if (!json)
        return std::unexpected(json.error());
    if (auto sealed = seal(noSandbox); !sealed)
        return std::unexpected(std::move(sealed.error()));
    auto record = answer::parseRecord(*json, input::inputName(probeFile));
    if (!record)
        return std::unexpected(std::move(record.error()));
    return answer::ProbedHost{.record = std::move(*record), .nodes = {}};
}

Result<answer::ProbedHost> lookAtHostAndSeal(const std::string& probeFile, bool noSandbox,
                                             const answer::HostPlace& place) {
    auto host = lookAtHost(probeFile, noSandbox, place);
    // A record has been parsed in the sandbox.
    if (host && probeFile.empty())
        if (auto sealed = seal(noSandbox); !sealed)
            return std::unexpected(std::move(sealed.error()));
    return host;
}

void warnOfDoubtfulSource(const model::HostCompat& compat, std::string_view name,
                          Console& console) {
    if (compat.known && !model::isBelieved(compat.known->source))
        console.warn(policy::wording::doubtfulSource(name, compat.known->source));
}

} // namespace hostcompat::tools
