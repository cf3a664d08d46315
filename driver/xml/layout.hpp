// SPDX-License-Identifier: LGPL-2.1-or-later
// The layout of new elements among existing ones.
#pragma once

#include <pugixml.hpp>

#include <string>
#include <string_view>

namespace hostcompat::xml {

/// White space around elements. An empty line break puts everything on one line.
struct Layout {
    std::string lineBreak = "\n";
    /// Before an element of the level in question.
    std::string indent;
    /// What one level more adds.
    std::string step = "  ";
};

/// The element as text, laid out and with libvirt's single quotes, without white space around it.
/// The node is changed: white space is put between its children.
std::string renderElement(pugi::xml_node element, const Layout& layout);

/// The layout of the children of an element, learnt from the white space that stands before them;
/// of one line where that is longer than an indentation.
///
/// @param bytes the document. @param element begin of the element's start tag.
/// @param lastChild begin of its last child element, or npos where it has none.
Layout layoutOfChildren(std::string_view bytes, std::size_t element, std::size_t lastChild);

} // namespace hostcompat::xml
