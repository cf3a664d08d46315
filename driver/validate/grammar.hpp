// SPDX-License-Identifier: LGPL-2.1-or-later
// RELAX NG grammars that are ready for use.
#pragma once

#include "driver/model/error.hpp"
#include "driver/relaxng/grammar.hpp"
#include "driver/validate/grammar_files.hpp"

#include <libxml/relaxng.h>

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace hostcompat::validate {

/// A grammar. It is immutable, so threads may share it, and it is cheap to copy. libxml2 compiles
/// it only when needed, because that takes longer than validating a hundred documents, and is not
/// needed while the fast path recognises every document. If the fast path is off, libxml2 compiles
/// the grammar at once, so that a broken grammar is an Error before any document is read; if it is
/// on, the fast path has already checked the grammar.
class Grammar {
public:
    /// The built-in grammar, capabilities-compat.rng: any version's capabilities document, strict
    /// about <compat> alone. Its domainCapabilities() is domaincaps-compat.rng. Errors: system
    /// (memory).
    static Result<Grammar> builtIn();

    /// libvirt's own grammar with <compat> admitted, libvirt-capability-compat.rng. Its
    /// domainCapabilities() is libvirt-domaincaps-compat.rng.
    ///
    /// @param schemaDir the folder of libvirt's grammars, in which capability.rng is.
    /// @param read gives its files (readLibvirts()); nothing is opened here.
    /// Errors: input, if capability.rng or a grammar that it includes cannot be read or is broken;
    /// the remedy says how to get it.
    static Result<Grammar> strict(const std::string& schemaDir, GrammarReader read);
    /// The same, with the files read here.
    static Result<Grammar> strict(const std::string& schemaDir = defaultSchemaDir());

    /// Reads the files of libvirt's grammars, for strict(). Errors: those of readGrammarFolder().
    static Result<GrammarReader> readLibvirts(const std::string& schemaDir = defaultSchemaDir());

    /// Any grammar in a file, with what it includes, opened when it is needed. Errors as strict().
    static Result<Grammar> fromFile(const std::string& path);
    /// The folder of libvirt's grammars that was found at build time; it need not exist here.
    static std::string defaultSchemaDir();

    /// Whether it leaves documents with the root <domainCapabilities> to another grammar,
    /// domainCapabilities().
    bool isOfHosts() const {
        return state_->makeDomainCapabilities != nullptr;
    }
    /// The grammar for domain capabilities that goes with one that isOfHosts(); made when it is
    /// first asked for. Errors: those of the function that made this one. Threads may call it at
    /// once.
    Result<Grammar> domainCapabilities() const;

    /// Its name in messages: "capabilities-compat.rng", "libvirt-capability-compat.rng with
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
    /// For libxml2; owned by the grammar and its copies. Errors: those of the functions that make
    /// grammars. Threads may call it at once.
    Result<xmlRelaxNG*> compiled() const;
    /// As compiled(), and null for an Error.
    xmlRelaxNG* get() const {
        return compiled().value_or(nullptr);
    }

    /// For the fast path (fast/acceptor.hpp); null if it is off for this grammar.
    const std::shared_ptr<const relaxng::AcceptorGrammar>& acceptor() const {
        return state_->acceptor;
    }
    /// Why the fast path is off: "FILE: the element externalRef"; empty if it is on.
    const std::string& fastPathOff() const {
        return state_->fastPathOff;
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
        std::string fewModes; ///< the text for the fast path, if it is another: with fewer modes
        std::string file; ///< of the grammar, or the one that it includes; "" for the built-in one
        GrammarReader read; ///< gives it and what it includes; nothing if it includes nothing
        bool builtIn = false;
        std::shared_ptr<const relaxng::AcceptorGrammar> acceptor = nullptr;
        std::string fastPathOff;
        /// libxml2's grammar or its Error, once compiled() was called.
        mutable std::once_flag once;
        mutable std::unique_ptr<xmlRelaxNG, Deleter> compiled;
        mutable Error error;
        std::function<Result<Grammar>()> makeDomainCapabilities = nullptr;
        mutable std::once_flag domainCapabilitiesOnce;
        mutable std::unique_ptr<const Result<Grammar>> domainCapabilities;
    };
    static Result<Grammar> prepare(std::shared_ptr<State> state);
    static Result<void> compile(const State& state);

    explicit Grammar(std::shared_ptr<const State> state) : state_(std::move(state)) {}
    std::shared_ptr<const State> state_;
};

} // namespace hostcompat::validate
