// SPDX-License-Identifier: LGPL-2.1-or-later
// One thing that is wrong with a document.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace hostcompat::validate {

/// One thing that is wrong with a document. Owns its strings.
struct Defect {
    /// The line of the element's start tag, counted from 1.
    std::size_t line = 0;
    /// The element that is wrong, or that lacks something, with its prefix if it has one.
    std::string element;
    /// What is wrong, in one sentence without a full stop.
    std::string message;

    friend bool operator==(const Defect&, const Defect&) = default;
};

/// The defect as text: "file:line: element: message".
/// @param file the document's name: a path, or "standard input".
std::string formatDefect(std::string_view file, const Defect& defect);

} // namespace hostcompat::validate
