// SPDX-License-Identifier: LGPL-2.1-or-later
// A RELAX NG grammar for the fast path, compiled from the same text that libxml2 gets.
#pragma once

#include "driver/relaxng/expression.hpp"
#include "driver/relaxng/pattern.hpp"

#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace hostcompat::relaxng {

/// The text of a grammar file, and its name for messages and for what it includes.
struct RngText {
    std::string name;
    std::string text;
};

/// Gives the file that `href` means in the file `from`; the error is a reason in a few words.
using RngLoader = std::function<std::expected<RngText, std::string>(std::string_view href,
                                                                    std::string_view from)>;

/// A compiled grammar; immutable, so threads share it.
struct AcceptorGrammar {
    Symbols symbols;
    Expressions expressions;
    Patterns patterns;
    /// Content of each element, by its number in Patterns::Kind::element.
    std::vector<Pattern> bodies;
    Pattern start = Patterns::notAllowed;
    /// Parts of which no value will be recognised, so that documents with them go to libxml2;
    /// each a few words ("the type dateTime").
    std::vector<std::string> notes;

    /// Adds a note, once.
    void note(std::string text);
};

/// Compiles a grammar. The error says which construct is not supported and where ("FILE: the
/// element externalRef"): then the fast path is off for this grammar, and libxml2 validates every
/// document. Grammars that break RELAX NG's restrictions (section 7) are an error too.
std::expected<std::shared_ptr<const AcceptorGrammar>, std::string>
compileAcceptor(RngText grammar, const RngLoader& load);

} // namespace hostcompat::relaxng
