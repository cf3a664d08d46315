// SPDX-License-Identifier: LGPL-2.1-or-later
// Compares what two hosts support.
#pragma once

#include "driver/model/mode.hpp"

namespace hostcompat::policy {

/// How the first host's modes relate to the second's.
enum class Comparison {
    equal,
    superset,     ///< the first supports all of the second's, and more
    subset,       ///< the second supports all of the first's, and more
    incomparable, ///< each supports a mode that the other lacks
};

/// Compares what two hosts support, modes beyond the table included.
Comparison compareModes(model::ModeSet first, model::ModeSet second);

} // namespace hostcompat::policy
