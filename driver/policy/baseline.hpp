// SPDX-License-Identifier: LGPL-2.1-or-later
// What the hosts of a cluster have in common.
#pragma once

#include "driver/model/mode.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
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

/// Collects hosts. Its memory depends on the number of different sets of modes, not on that of
/// hosts.
class Baseline {
public:
    /// @param atLeast older modes than this are of no use: no host is taken to support them. 0 for
    /// no limit.
    explicit Baseline(unsigned atLeast = 0)
        : useless_(atLeast == 0 ? model::ModeSet() : model::modesUpTo(atLeast - 1)) {}

    /// A host that supports these modes, and does not say yes to any other.
    ///
    /// @param refused those that it says no to. @param perhaps those that it may support although
    /// it does not say so.
    void add(std::string_view host, model::ModeSet supported, model::ModeSet refused,
             model::ModeSet perhaps = {}) {
        groups_[supported - useless_].add(host);
        refused_ = refused_ | refused;
        perhaps_ = perhaps_ | perhaps;
    }
    /// A host that says no to all modes of the table but these.
    void add(std::string_view host, model::ModeSet supported) {
        add(host, supported, model::allModes() - supported);
    }
    /// A host that does not say.
    void addUnknown(std::string_view host) {
        unknown_.add(host);
    }

    /// Every mode that counts: those of the table, and those that a host supports.
    model::ModeSet modes(model::ModeTable table = model::modeTable()) const {
        return (model::allModes(table) | any()) - useless_;
    }

    /// The hosts that say what they support.
    std::uint64_t knownHosts() const;
    const HostNames& unknown() const {
        return unknown_;
    }
    /// The modes that every host supports, and those that one at least supports, among the hosts
    /// that say; none where no host says.
    model::ModeSet common() const;
    model::ModeSet any() const;
    /// The modes that one at least supports, or may support, and that no host says no to.
    model::ModeSet undecided() const {
        return (any() | perhaps_) - refused_ - common() - useless_;
    }
    /// The hosts that say, and do not say that they support the mode.
    HostNames lacking(unsigned mode) const;
    /// Hosts that have no mode in common, none of whom could be left out; the fewest that there
    /// are, where no more than kMostSteps sets of modes have to be looked at to find them. Empty
    /// where all have a mode in common.
    std::vector<HostAndModes> explanation() const;

    static constexpr std::size_t kMostSteps = 4096;

private:
    /// The hosts that support exactly the same modes.
    std::map<model::ModeSet, HostNames> groups_;
    model::ModeSet useless_;
    model::ModeSet refused_;
    model::ModeSet perhaps_;
    HostNames unknown_;
};

} // namespace hostcompat::policy
