// SPDX-License-Identifier: LGPL-2.1-or-later
// Groups hosts by the modes they support, and finds a smallest set of hosts without a common mode.
#include "driver/policy/baseline.hpp"

#include <algorithm>
#include <cstddef>
#include <deque>
#include <iterator>

namespace hostcompat::policy {

namespace {

/// Breadth-first search over the sets of remaining modes. Each step adds a host that removes at
/// least one mode, so the first path to the empty set is the shortest. Returns nothing if the
/// search needs more than Baseline::kMostSteps.
std::vector<HostAndModes> fewestWithoutCommon(const std::vector<HostAndModes>& ordered,
                                              model::ModeSet all) {
    struct Step {
        model::ModeSet before;
        const HostAndModes* host;
    };
    std::map<model::ModeSet, Step> reached = {{all, {all, nullptr}}};
    std::deque<model::ModeSet> open = {all};
    while (!reached.contains(model::ModeSet())) {
        if (reached.size() > Baseline::kMostSteps)
            return {};
        const model::ModeSet left = open.front();
        open.pop_front();
        for (const HostAndModes& host : ordered) {
            const model::ModeSet next = left & host.supported;
            if (reached.try_emplace(next, Step{left, &host}).second)
                open.push_back(next);
        }
    }
    std::vector<HostAndModes> hosts;
    for (model::ModeSet at; at != all; at = reached.at(at).before)
        hosts.push_back(*reached.at(at).host);
    return hosts;
}

/// A greedy search: repeatedly adds the host that leaves the fewest modes, then removes the hosts
/// that are not needed.
std::vector<HostAndModes> someWithoutCommon(const std::vector<HostAndModes>& ordered,
                                            model::ModeSet all) {
    std::vector<HostAndModes> hosts;
    for (model::ModeSet left = all; !left.empty(); left = left & hosts.back().supported)
        hosts.push_back(*std::ranges::min_element(ordered, {}, [&](const HostAndModes& host) {
            return (left & host.supported).numbers().size();
        }));
    for (std::size_t index = 0; index < hosts.size();) {
        model::ModeSet without = all;
        for (std::size_t other = 0; other < hosts.size(); ++other)
            if (other != index)
                without = without & hosts[other].supported;
        if (without.empty())
            hosts.erase(hosts.begin() + static_cast<std::ptrdiff_t>(index));
        else
            ++index;
    }
    return hosts;
}

} // namespace

void HostNames::add(std::string_view name) {
    ++count;
    if (names.size() == kMost && !(name < *names.rbegin()))
        return;
    if (names.emplace(name).second && names.size() > kMost)
        names.erase(std::prev(names.end()));
}

void HostNames::add(const HostNames& other) {
    count += other.count;
    names.insert(other.names.begin(), other.names.end());
    while (names.size() > kMost)
        names.erase(std::prev(names.end()));
}

std::uint64_t Baseline::knownHosts() const {
    std::uint64_t count = 0;
    for (const auto& [supported, hosts] : groups_)
        count += hosts.count;
    return count;
}

model::ModeSet Baseline::common() const {
    model::ModeSet modes = any();
    for (const auto& [supported, hosts] : groups_)
        modes = modes & supported;
    return modes;
}

model::ModeSet Baseline::any() const {
    model::ModeSet modes;
    for (const auto& [supported, hosts] : groups_)
        modes = modes | supported;
    return modes;
}

HostNames Baseline::lacking(unsigned mode) const {
    HostNames result;
    for (const auto& [supported, hosts] : groups_)
        if (!supported.contains(mode))
            result.add(hosts);
    return result;
}

std::vector<HostAndModes> Baseline::explanation() const {
    if (groups_.empty() || !common().empty())
        return {};
    // Sort the groups by their first name, so that the result does not depend on the order of the
    // hosts.
    std::vector<HostAndModes> ordered;
    ordered.reserve(groups_.size());
    for (const auto& [supported, hosts] : groups_)
        ordered.push_back({*hosts.names.begin(), supported});
    std::ranges::sort(ordered, {}, &HostAndModes::name);
    if (any().empty())
        return {ordered.front()};
    auto hosts = fewestWithoutCommon(ordered, any());
    if (hosts.empty())
        hosts = someWithoutCommon(ordered, any());
    std::ranges::sort(hosts, {}, &HostAndModes::name);
    return hosts;
}

} // namespace hostcompat::policy
