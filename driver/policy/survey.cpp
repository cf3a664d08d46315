// SPDX-License-Identifier: LGPL-2.1-or-later
// Groups equal hosts, and calls checkDomain() once for each group.
#include "driver/policy/survey.hpp"

#include "driver/policy/arrival.hpp"
#include "driver/policy/fit.hpp"

#include <algorithm>
#include <utility>

namespace hostcompat::policy {

namespace {

bool decideAlike(const PolicyHost& left, const PolicyHost& right) {
    return left.arch == right.arch && left.model == right.model && left.level == right.level &&
           left.nestedApi == right.nestedApi &&
           left.kernelKnowsProcessor == right.kernelKnowsProcessor &&
           left.libvirtKnowsProcessor == right.libvirtKnowsProcessor &&
           left.pageSize == right.pageSize && left.compat.known == right.compat.known &&
           left.compat.trial == right.compat.trial &&
           (left.compat.known || left.compat.reason == right.compat.reason);
}

/// The reason why a host is unknown, without the host's name. With the name, a thousand documents
/// without an answer would be a thousand groups, and each guest would be checked a thousand times.
std::string reasonOfAny(const PolicyHost& host) {
    const std::string& reason = host.compat.reason;
    return !host.name.empty() && reason.starts_with(host.name + " ")
               ? "the document" + reason.substr(host.name.size())
               : reason;
}

} // namespace

void Survey::add(PolicyHost host) {
    ++hosts_;
    host.compat.reason = reasonOfAny(host);
    if (host.compat.known)
        baseline_.add(host.name, host.compat.known->supported);
    else
        baseline_.addUnknown(host.name);
    const auto kind = std::ranges::find_if(
        kinds_, [&](const HostKind& each) { return decideAlike(each.host, host); });
    if (kind != kinds_.end()) {
        kind->names.push_back(std::move(host.name));
        return;
    }
    std::vector<std::string> names = {host.name};
    kinds_.push_back({.host = std::move(host), .names = std::move(names)});
}

std::vector<GuestOnHost> Survey::judge(const xml::Domain& starts, const xml::Domain& runs,
                                       const PolicyHost* source) const {
    std::vector<GuestOnHost> judged;
    for (const HostKind& kind : kinds_) {
        auto start = checkDomain(starts, kind.host);
        auto arrive = arrivalOf(&runs == &starts ? start : checkDomain(runs, kind.host), runs,
                                source, kind.host);
        judged.push_back({.start = std::move(start), .arrive = std::move(arrive)});
    }
    return judged;
}

std::optional<unsigned> Survey::change(const xml::Domain& domain,
                                       const std::vector<GuestOnHost>& judged) const {
    const bool free = std::ranges::all_of(judged, [](const GuestOnHost& guest) {
        return isYes(guest.start.verdict) && isYes(guest.arrive.verdict);
    });
    const unsigned newest = baseline_.common().newest();
    if (free || newest == 0 || baseline_.unknown().count != 0)
        return std::nullopt;
    const auto pinned = pinnedTo(domain, newest);
    const bool helps = std::ranges::all_of(kinds_, [&](const HostKind& kind) {
        return isYes(checkDomain(pinned, kind.host).verdict);
    });
    return helps ? std::optional(newest) : std::nullopt;
}

} // namespace hostcompat::policy
