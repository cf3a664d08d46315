// SPDX-License-Identifier: LGPL-2.1-or-later
// Formats libxml2's errors as one line.
#include "driver/validate/libxml_error.hpp"

#include "driver/text/utf8.hpp"

#include <algorithm>

namespace hostcompat::validate {

void FirstLibxmlError::keep(void* userData, LibxmlError* error) {
    auto* first = static_cast<FirstLibxmlError*>(userData);
    if (error->code == XML_ERR_NO_MEMORY)
        first->outOfMemory_ = true;
    if (first->made_ || error->level < XML_ERR_ERROR)
        return;
    first->made_ = true;
    first->line_ = error->line > 0 ? static_cast<std::size_t>(error->line) : 0;
    if (!error->message)
        return;
    std::string_view text = error->message;
    while (text.ends_with('\n') || text.ends_with(' '))
        text.remove_suffix(1);
    first->text_ = text::clipped(text, 200);
}

} // namespace hostcompat::validate
