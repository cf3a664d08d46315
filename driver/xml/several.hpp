// SPDX-License-Identifier: LGPL-2.1-or-later
// Splits inputs that contain several documents.
#pragma once

#include <string_view>
#include <vector>

namespace hostcompat::xml {

/// Where the documents of an input begin and end, without the declarations, comments and white
/// space between them. Anything that is no document is one part with all that follows, so that
/// reading it says what is wrong. Nothing is checked; the parts may not be well formed.
std::vector<std::string_view> splitDocuments(std::string_view bytes);

} // namespace hostcompat::xml
