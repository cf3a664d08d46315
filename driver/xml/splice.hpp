// SPDX-License-Identifier: LGPL-2.1-or-later
// Puts an element into another without changing any other byte.
#pragma once

#include "driver/xml/document.hpp"

#include <functional>
#include <string>

namespace hostcompat::xml {

/// The bytes of an element with another one as its last child, laid out like its neighbours, in
/// place of any older one of its kind. Doing it twice gives the same as doing it once.
///
/// @param child white space is put between its children. @param isOld whether a child of the parent
/// is such an older one.
std::string elementWithLastChild(const Document& document, pugi::xml_node parent,
                                 pugi::xml_node child,
                                 const std::function<bool(pugi::xml_node)>& isOld);

} // namespace hostcompat::xml
