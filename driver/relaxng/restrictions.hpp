// SPDX-License-Identifier: LGPL-2.1-or-later
// Checks RELAX NG's restrictions (specification, section 7): validators refuse grammars that break
// them.
#pragma once

#include "driver/relaxng/pattern.hpp"

#include <optional>
#include <string>
#include <vector>

namespace hostcompat::relaxng {

/// The result of an inspection.
struct Inspection {
    /// The restriction that the grammar breaks, in a few words; at least as strict as the
    /// specification where name classes are wildcards.
    std::optional<std::string> broken;
    /// Numbers of the contents in which an interleave is followed by more of what is in it, or an
    /// attribute is the alternative to elements or text. There libxml2, which is greedy, refuses
    /// documents that are valid.
    std::vector<std::size_t> greedy;
};

/// `beyond`: patterns that are no element's content and have to obey too.
Inspection inspect(const Patterns& patterns, Pattern start, const std::vector<Pattern>& bodies,
                   const std::vector<Pattern>& beyond);

/// Whether any document at all can match `start`: false if each would need an element whose body is
/// Patterns::notAllowed, because the fast path leaves it to libxml2.
bool anyMatches(const Patterns& patterns, Pattern start, const std::vector<Pattern>& bodies);

} // namespace hostcompat::relaxng
