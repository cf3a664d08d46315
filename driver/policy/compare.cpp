// SPDX-License-Identifier: LGPL-2.1-or-later
// Compares sets of modes.
#include "driver/policy/compare.hpp"

namespace hostcompat::policy {

Comparison compareModes(model::ModeSet first, model::ModeSet second) {
    if (first == second)
        return Comparison::equal;
    if (first.includes(second))
        return Comparison::superset;
    return second.includes(first) ? Comparison::subset : Comparison::incomparable;
}

} // namespace hostcompat::policy
