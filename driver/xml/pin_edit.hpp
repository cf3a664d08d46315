// SPDX-License-Identifier: LGPL-2.1-or-later
// Writes a pinned mode into a domain's bytes.
#pragma once

#include "driver/xml/domain.hpp"

#include <string>
#include <string_view>

namespace hostcompat::xml {

/// The document's bytes with <cpu mode='host-model'> and the mode as its <model>.
///
/// No byte outside of <cpu> changes. Inside, the attributes match and migratable go (they belong to
/// other CPU modes), <model> loses vendor_id, and everything else stays as it is. A missing <cpu>
/// is put behind <features> or <os>, where libvirt writes it, laid out like its neighbours.
std::string withPinnedMode(const DomainDocument& document, std::string_view mode);

} // namespace hostcompat::xml
