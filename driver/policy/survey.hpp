// SPDX-License-Identifier: LGPL-2.1-or-later
// Which guests of a cluster can run on which of its hosts.
#pragma once

#include "driver/policy/baseline.hpp"
#include "driver/policy/check.hpp"

#include <optional>
#include <string>
#include <vector>

namespace hostcompat::policy {

/// Hosts with the same answers: the same processor, modes, and everything else that a decision
/// uses.
struct HostKind {
    /// One of them, called by the name of the first.
    PolicyHost host;
    std::vector<std::string> names;
};

/// The answers for a guest on the hosts of a kind.
struct GuestOnHost {
    CheckAnswer start;
    /// Whether it can arrive by migration (arrivalOf()).
    CheckAnswer arrive;
};

/// A cluster's hosts. Memory depends on their number; guests are judged one after the other.
class Survey {
public:
    void add(PolicyHost host);

    /// In the order in which the first host of each came.
    const std::vector<HostKind>& kinds() const {
        return kinds_;
    }
    std::uint64_t hosts() const {
        return hosts_;
    }
    /// The modes that all hosts support, as far as they say.
    const Baseline& baseline() const {
        return baseline_;
    }
    /// One entry for each of kinds().
    ///
    /// @param starts what the guest starts with. @param runs what it runs with, or starts with
    /// where it does not run. @param source the host that it runs on; null where that is not known.
    std::vector<GuestOnHost> judge(const xml::Domain& starts, const xml::Domain& runs,
                                   const PolicyHost* source = nullptr) const;

    /// The mode to pin so that the guest can start and arrive on every host: the newest that all
    /// support; nothing where it does so already, where no mode is common to all, or where another
    /// thing than the mode stands in the way.
    std::optional<unsigned> change(const xml::Domain& domain,
                                   const std::vector<GuestOnHost>& judged) const;

private:
    std::vector<HostKind> kinds_;
    std::uint64_t hosts_ = 0;
    Baseline baseline_;
};

} // namespace hostcompat::policy
