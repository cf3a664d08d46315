// SPDX-License-Identifier: LGPL-2.1-or-later
// Recognises what people give instead of a document.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace hostcompat::xml {

/// What an input is, and what makes a document of it: the reason and the remedy of an Error.
struct Recognised {
    std::string reason;
    std::string remedy;
};

/// Recognises by its first bytes what is no document: compressed files, a prompt or an error
/// message of a terminal, colours, text that was escaped for a web page, base64, a host's record,
/// and documents that are divided by NUL bytes. Nothing for everything else.
std::optional<Recognised> recognise(std::string_view bytes);

} // namespace hostcompat::xml
