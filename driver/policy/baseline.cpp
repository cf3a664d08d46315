// SPDX-License-Identifier: LGPL-2.1-or-later
// Groups hosts by what they support, and searches the smallest contradiction among the groups.
#include "driver/policy/baseline.hpp"

#include <algorithm>
#include <deque>
#include <map>

namespace hostcompat::policy {

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

void Baseline::add(std::string_view host, model::ModeSet supported) {
    supported = supported & model::allModes(table_);
    auto group = std::ranges::find(groups_, supported, &Group::supported);
    if (group == groups_.end())
        group = groups_.insert(group, Group{.supported = supported, .hosts = {}});
    group->hosts.add(host);
}

std::uint64_t Baseline::knownHosts() const {
    std::uint64_t count = 0;
    for (const Group& group : groups_)
        count += group.hosts.count;
    return count;
}

model::ModeSet Baseline::common() const {
    model::ModeSet modes = model::allModes(table_);
    for (const Group& group : groups_)
        modes = modes & group.supported;
    return modes;
}

const model::Mode* Baseline::newest() const {
    return groups_.empty() ? nullptr : model::newestMode(common(), table_);
}

HostNames Baseline::lacking(const model::Mode& mode) const {
    HostNames hosts;
    for (const Group& group : groups_)
        if (!group.supported.contains(mode))
            hosts.add(group.hosts);
    return hosts;
}

std::vector<HostAndModes> Baseline::explanation() const {
    if (groups_.empty() || !common().empty())
        return {};
    // Breadth first over the modes that are left: each further host takes at least one away, so
    // the first way to none is the shortest. Groups are tried by their first name, so that the
    // order in which hosts came does not show.
    std::vector<const Group*> ordered;
    ordered.reserve(groups_.size());
    for (const Group& group : groups_)
        ordered.push_back(&group);
    std::ranges::sort(ordered, {}, [](const Group* group) { return *group->hosts.names.begin(); });

    struct Step {
        std::uint64_t before;
        const Group* group;
    };
    const std::uint64_t all = model::allModes(table_).bits();
    std::map<std::uint64_t, Step> reached = {{all, {all, nullptr}}};
    std::deque<std::uint64_t> open = {all};
    while (!reached.contains(0)) {
        const std::uint64_t left = open.front();
        open.pop_front();
        for (const Group* group : ordered) {
            const std::uint64_t next = left & group->supported.bits();
            if (reached.try_emplace(next, Step{left, group}).second)
                open.push_back(next);
        }
    }
    std::vector<HostAndModes> hosts;
    for (std::uint64_t at = 0; at != all; at = reached[at].before) {
        const Group& group = *reached[at].group;
        hosts.push_back({*group.hosts.names.begin(), group.supported});
    }
    std::ranges::sort(hosts, {}, &HostAndModes::name);
    return hosts;
}

} // namespace hostcompat::policy
