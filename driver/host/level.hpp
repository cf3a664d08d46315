// SPDX-License-Identifier: LGPL-2.1-or-later
// The mode that a host itself runs in; its guests cannot have a newer one.
#pragma once

#include "driver/host/facts.hpp"
#include "driver/model/mode.hpp"

#include <expected>
#include <string>

namespace hostcompat::host {

/// The result of ownLevel() for a logical PVR that is newer than the table: it limits no mode.
inline constexpr unsigned kBeyondTable = model::ModeSet::kEnd - 1;

/// The number of the mode that the host runs in: on PowerNV its processor's, elsewhere that of the
/// device tree's cpu-version, which holds an architected level (0x0f00000N) or, in raw mode, the
/// processor version. Levels ascend with the generations (PAPR 2.13), so that one above the table's
/// is beyond all of it.
///
/// @return the number, or why it is not known as half a sentence: the files do not tell, the table
/// has neither level nor processor, or the level is newer than the processor.
std::expected<unsigned, std::string> ownLevel(const HostFacts& facts,
                                              model::ModeTable table = model::modeTable());

} // namespace hostcompat::host
