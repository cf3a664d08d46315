// SPDX-License-Identifier: LGPL-2.1-or-later
// What the hosts of a cluster have in common.
#pragma once

#include "driver/model/mode.hpp"

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace hostcompat::policy {

/// How many hosts something is true of, and who: the first ones by name, so that neither memory nor
/// the answer depends on how many there are or in which order they came.
struct HostNames {
    /// The most names that are kept.
    static constexpr std::size_t kMost = 1000;

    std::uint64_t count = 0;
    std::set<std::string, std::less<>> names;

    void add(std::string_view name);
    void add(const HostNames& other);
};

/// A host and what it supports, as part of an explanation.
struct HostAndModes {
    std::string name;
    model::ModeSet supported;
};

/// Collects hosts. Its memory depends on the number of modes, not on that of hosts.
class Baseline {
public:
    explicit Baseline(model::ModeTable table = model::modeTable()) : table_(table) {}

    /// A host that supports these modes. Bits that the table lacks are left out.
    void add(std::string_view host, model::ModeSet supported);
    /// A host that does not say.
    void addUnknown(std::string_view host) {
        unknown_.add(host);
    }

    /// The hosts that say what they support.
    std::uint64_t knownHosts() const;
    const HostNames& unknown() const {
        return unknown_;
    }
    /// What every host that says supports; every mode where there is none.
    model::ModeSet common() const;
    /// The newest mode of common(); null where there is none, or no host says.
    const model::Mode* newest() const;
    /// The hosts that do not support the mode.
    HostNames lacking(const model::Mode& mode) const;
    /// The fewest hosts that have no mode in common; empty where all have one.
    std::vector<HostAndModes> explanation() const;

private:
    /// The hosts that support exactly the same modes: at most 2^modes groups.
    struct Group {
        model::ModeSet supported;
        HostNames hosts;
    };

    model::ModeTable table_;
    std::vector<Group> groups_;
    HostNames unknown_;
};

} // namespace hostcompat::policy
