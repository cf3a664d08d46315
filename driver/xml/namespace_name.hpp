// SPDX-License-Identifier: LGPL-2.1-or-later
// Which namespace names every parser accepts.
#pragma once

#include <string_view>

namespace hostcompat::xml {

/// Whether an attribute's value, as it is written, names a namespace with a URI reference of RFC
/// 3986 that libxml2 and pugixml both take. libxml2 refuses what is not a URI
/// (xmlSAX2StartElementNs()), pugixml takes anything. It is narrower than the RFC: no user and no
/// address in brackets as host. Empty is true.
bool isNamespaceName(std::string_view value);

} // namespace hostcompat::xml
