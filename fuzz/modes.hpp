// SPDX-License-Identifier: LGPL-2.1-or-later
// A host's modes from one byte.
#pragma once

#include "driver/compat/host_compat.hpp"

/// Bits of the choice are the table's modes; the source is one that documents may name.
inline hostcompat::KnownCompat modesFrom(unsigned choice) {
    hostcompat::KnownCompat known;
    unsigned bit = 1;
    for (const hostcompat::Mode& mode : hostcompat::modeTable()) {
        if ((choice & bit) != 0)
            known.supported.insert(mode);
        bit <<= 1;
    }
    known.source =
        (choice & 0x80) != 0 ? hostcompat::CompatSource::pvr : hostcompat::CompatSource::deviceTree;
    return known;
}
