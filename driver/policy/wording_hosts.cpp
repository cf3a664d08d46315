// SPDX-License-Identifier: LGPL-2.1-or-later
// The messages about what hosts say, for baselines, comparisons and surveys.
#include "driver/policy/wording.hpp"
#include "driver/text/utf8.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace hostcompat::policy::wording {

std::string doubtfulSource(std::string_view host, std::string_view source) {
    return fmt::format(
        "the answer of {} comes from '{}', from which an earlier version derived it without asking "
        "KVM: its \"yes\" is not used, because the hypervisor may refuse the mode; write it "
        "again with this version on that host",
        text::printable(host), text::printable(source));
}

std::string doubtfulHosts(std::string_view first) {
    return fmt::format(
        "{}, and possibly other hosts, has an answer that an earlier version derived from the "
        "device tree or the processor: its \"yes\" is not used, because the hypervisor may refuse "
        "the mode; write it again with this version on that host",
        text::printable(first));
}

std::string hostDoesNotSay(std::string_view host, std::string_view reason) {
    if (!reason.empty())
        return fmt::format("{} does not say which modes it supports: {}", host, reason);
    return fmt::format("{} does not say which modes it supports: it has no <compat>; write it with "
                       "'virt-host-compat capabilities' on that host",
                       host);
}

std::string daemonDoesNotSay(std::string_view uri) {
    return fmt::format(
        "{} does not say which modes it supports: its capabilities have no <compat>; "
        "run 'virt-host-compat daemon enable' on that host",
        uri);
}

std::string someDoNotSay(std::uint64_t count) {
    return count == 1 ? "the common mode is not known, because the modes of one host are unknown; "
                        "--ignore-unknown leaves it out"
                      : fmt::format("the common mode is not known, because the modes of {} hosts "
                                    "are unknown; --ignore-unknown leaves them out",
                                    count);
}

std::string someDoNotSay(model::ModeSet modes) {
    return fmt::format("no common mode can be told, as not every host says whether it supports {}",
                       modeNames(modes));
}

std::string modesNotTold(std::string_view host, model::ModeSet modes) {
    return fmt::format("{} does not say whether it supports {}", host, modeNames(modes));
}

std::string nobodySays() {
    return "the common mode is not known, because no host says which modes it supports";
}

std::string someHosts(const HostNames& hosts) {
    constexpr std::size_t shown = 5;
    if (hosts.count == 0)
        return "no host";
    std::vector<std::string> names;
    for (const std::string& name : hosts.names)
        if (names.size() < shown)
            names.push_back(name);
    if (hosts.count == names.size())
        return fmt::format("{}", fmt::join(names, ", "));
    return fmt::format("{} and {} more", fmt::join(names, ", "), hosts.count - names.size());
}

std::string notCounted(std::uint64_t count) {
    return fmt::format("the answer leaves out {} that could not be read",
                       count == 1 ? "one input" : fmt::format("{} inputs", count));
}

} // namespace hostcompat::policy::wording
