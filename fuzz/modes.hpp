// SPDX-License-Identifier: LGPL-2.1-or-later
// Makes a host's modes from one byte.
#pragma once

#include "driver/model/host_compat.hpp"

/// Each bit of the choice is a mode of the table. The source is one that is believed.
inline hostcompat::model::KnownCompat modesFrom(unsigned choice) {
    hostcompat::model::KnownCompat known;
    unsigned bit = 1;
    for (const hostcompat::model::Mode& mode : hostcompat::model::modeTable()) {
        ((choice & bit) != 0 ? known.supported : known.refused).insert(mode);
        bit <<= 1;
    }
    known.source = (choice & 0x80) != 0 ? "trial" : "kvm";
    return known;
}
