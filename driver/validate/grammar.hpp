// SPDX-License-Identifier: LGPL-2.1-or-later
// RELAX NG grammars that are ready for use.
#pragma once

#include "driver/compat/error.hpp"

#include <libxml/relaxng.h>

#include <memory>
#include <string>
#include <string_view>

namespace hostcompat {

/// A compiled grammar. It never changes, so threads may share it, and a copy costs nothing.
class Grammar {
public:
    /// The built-in grammar, capabilities-compat.rng: any version's capabilities document, strict
    /// about <compat> alone. Errors: system (memory).
    static Result<Grammar> builtIn();

    /// libvirt's own grammar with <compat> admitted, libvirt-capability-compat.rng.
    ///
    /// @param schemaDir the folder of libvirt's grammars, in which capability.rng is.
    /// Errors: input, where capability.rng or a grammar that it includes cannot be read or is
    /// broken; the remedy says how to get it.
    static Result<Grammar> strict(const std::string& schemaDir = defaultSchemaDir());

    /// Any grammar in a file. Errors as strict().
    static Result<Grammar> fromFile(const std::string& path);

    /// The folder of libvirt's grammars that was found at build time; it need not exist here.
    static std::string defaultSchemaDir();

    /// What messages call it: "capabilities-compat.rng", "libvirt-capability-compat.rng with
    /// DIR/capability.rng", or a path.
    const std::string& name() const {
        return state_->name;
    }
    /// Whether it is the built-in one, of which explain.hpp knows every rule.
    bool isBuiltIn() const {
        return state_->builtIn;
    }
    /// The grammar's text, complete but for the grammars that it includes by absolute path; empty
    /// for one from a file, whose name() is its path.
    std::string_view text() const {
        return state_->text;
    }
    /// For libxml2; owned by the grammar and its copies.
    xmlRelaxNG* get() const {
        return state_->compiled.get();
    }

private:
    struct Deleter {
        void operator()(xmlRelaxNG* grammar) const {
            xmlRelaxNGFree(grammar);
        }
    };
    struct State {
        std::string name;
        std::string text;
        bool builtIn = false;
        std::unique_ptr<xmlRelaxNG, Deleter> compiled;
    };
    static Result<Grammar> compile(State state, const std::string& file);

    explicit Grammar(std::shared_ptr<const State> state) : state_(std::move(state)) {}
    std::shared_ptr<const State> state_;
};

} // namespace hostcompat
