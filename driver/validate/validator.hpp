// SPDX-License-Identifier: LGPL-2.1-or-later
// Validates documents.
#pragma once

#include "driver/model/error.hpp"
#include "driver/validate/defect.hpp"
#include "driver/validate/grammar.hpp"
#include "driver/validate/safe_parse.hpp"

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace hostcompat::validate {

/// Whether a document is valid. libxml2 validates the whole document; if that would take too long,
/// the verdict for the built-in grammar comes from explain.hpp.
struct Verdict {
    bool valid = false;
    /// What is wrong, in document order, each thing once; empty if valid, never empty if not.
    std::vector<Defect> defects;
    /// The name of the grammar that was used; the Validator's grammar owns it.
    std::string_view grammar;
};

/// Whether certainly valid documents are recognised without libxml2 (fast/acceptor.hpp). The
/// verdicts are the same.
enum class FastPath { on, off };

/// Validates documents, one after another, by a grammar, or where its root is
/// <domainCapabilities> by the one that goes with it (Grammar::domainCapabilities()). Each thread
/// has its own; they share the grammars.
class Validator {
public:
    explicit Validator(Grammar grammar, FastPath fastPath = FastPath::on);
    Validator(Validator&&) noexcept;
    Validator& operator=(Validator&&) noexcept;
    ~Validator();

    const Grammar& grammar() const;

    /// Parses and validates a document.
    ///
    /// @param bytes the document; read only during the call.
    /// @param name its name in messages.
    /// @return the verdict; Errors are those of parseSafely() and of validate() below.
    Result<Verdict> validate(std::string_view bytes, std::string_view name);

    /// As validate(), for a document that certainVerdict() did not find valid.
    Result<Verdict> judge(std::string_view bytes, std::string_view name);

    /// The verdict where the fast path finds the document valid; nothing says nothing.
    ///
    /// @param bytes the document, with fast::acceptorPadding readable bytes behind it, the first
    /// NUL.
    std::optional<Verdict> certainVerdict(std::string_view bytes);

    /// Validates a document that parseSafely() made. It is the same afterwards. Errors: system
    /// (memory); input if an element has so much in it that libxml2 would take more than some
    /// seconds, unless the grammar is a built-in one; and those of Grammar::domainCapabilities().
    Result<Verdict> validate(xmlDoc* document, std::string_view name);

private:
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace hostcompat::validate
