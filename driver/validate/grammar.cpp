// SPDX-License-Identifier: LGPL-2.1-or-later
// Compiles grammars with libxml2, without messages and without the network, and for the fast path.
#include "driver/validate/grammar.hpp"

#include "driver/input/read_file.hpp"
#include "driver/validate/grammar_files.hpp"
#include "driver/validate/libxml_error.hpp"
#include "schema/embedded_grammars.hpp"

#include <libxml/parser.h>
#include <libxml/uri.h>

#include <cerrno>
#include <filesystem>
#include <utility>

namespace hostcompat::validate {

namespace {

constexpr const char* kHowToGetLibvirts =
    "install libvirt's client packages, or name the folder of libvirt's grammars with --schema-dir";

/// A folder's absolute path, without a / at its end.
std::string absolute(const std::string& folder) {
    std::error_code failure;
    std::string path = std::filesystem::absolute(folder, failure).lexically_normal().string();
    if (path.size() > 1 && path.ends_with('/'))
        path.pop_back();
    return path;
}

/// A path as the value of an attribute in a grammar: the characters that are special in URIs and
/// XML are escaped.
std::string asReference(const std::string& path) {
    const std::unique_ptr<xmlChar, decltype(xmlFree)> escaped(
        xmlURIEscapeStr(reinterpret_cast<const xmlChar*>(path.c_str()),
                        reinterpret_cast<const xmlChar*>("/-_.!~*()")),
        xmlFree);
    return escaped ? reinterpret_cast<const char*>(escaped.get()) : "";
}

std::string replaced(std::string_view text, std::string_view what, std::string_view by) {
    std::string result(text);
    for (auto at = result.find(what); at != std::string::npos;
         at = result.find(what, at + by.size()))
        result.replace(at, what.size(), by);
    return result;
}

struct ParserDeleter {
    void operator()(xmlRelaxNGParserCtxt* context) const {
        xmlRelaxNGFreeParserCtxt(context);
    }
};

} // namespace

std::string Grammar::defaultSchemaDir() {
    return std::string(embedded::libvirtSchemaDir);
}

Result<void> Grammar::compile(const State& state) {
    if (!state.file.empty()) {
        if (auto readable = checkGrammarFiles(state.file, state.read); !readable) {
            Error error = std::move(readable.error());
            if (!state.text.empty())
                error.remedy = kHowToGetLibvirts;
            return std::unexpected(std::move(error));
        }
    }
    // Initialise the types once, here. Otherwise the validators of several threads would try to do
    // it at the same time.
    if (xmlRelaxNGInitTypes() != 0)
        return std::unexpected(outOfMemory("compile", state.name));
    FirstLibxmlError first;
    const LibxmlErrorScope scope(first);
    const GrammarFilesScope files(state.read);
    const std::unique_ptr<xmlRelaxNGParserCtxt, ParserDeleter> context(
        state.text.empty()
            ? xmlRelaxNGNewParserCtxt(asReference(state.file).c_str())
            : xmlRelaxNGNewMemParserCtxt(state.text.data(), static_cast<int>(state.text.size())));
    if (!context)
        return std::unexpected(outOfMemory("compile", state.name));
    xmlRelaxNGSetParserStructuredErrors(context.get(), FirstLibxmlError::keep, &first);
    state.compiled.reset(xmlRelaxNGParse(context.get()));
    if (first.isOutOfMemory())
        return std::unexpected(outOfMemory("compile", state.name));
    // After some errors libxml2 continues, and returns a grammar that differs from its text.
    if (!state.compiled || first.made())
        return std::unexpected(Error{.kind = ErrorKind::input,
                                     .action = "compile the grammar",
                                     .subject = state.name,
                                     .line = 0,
                                     .errorNumber = 0,
                                     .reason = first.text(),
                                     .remedy = ""});
    return {};
}

Result<xmlRelaxNG*> Grammar::compiled() const {
    std::call_once(state_->once, [this] {
        xmlInitParser();
        if (auto done = compile(*state_); !done) {
            state_->compiled.reset();
            state_->error = std::move(done.error());
        }
    });
    if (!state_->compiled)
        return std::unexpected(state_->error);
    return state_->compiled.get();
}

Result<Grammar> Grammar::prepare(std::shared_ptr<State> state) {
    const GrammarReader& read = state->read;
    const auto load =
        [&read](std::string_view href,
                std::string_view from) -> std::expected<relaxng::RngText, std::string> {
        // What is special in URIs is left to libxml2.
        if (href.find_first_of("%:#?") != std::string_view::npos || href.starts_with("//"))
            return std::unexpected("the reference " + std::string(href));
        std::string path =
            (std::filesystem::path(from).parent_path() / href).lexically_normal().string();
        auto text = read(path);
        if (!text)
            return std::unexpected("the file " + path);
        return relaxng::RngText{std::move(path), std::move(*text)};
    };
    relaxng::RngText main{state->text.empty() ? state->file : state->name,
                          state->fewModes.empty() ? state->text : state->fewModes};
    bool readable = true;
    if (main.text.empty()) {
        auto text = read(state->file);
        readable = text.has_value();
        main.text = std::move(text).value_or("");
    }
    if (readable) {
        if (auto acceptor = relaxng::compileAcceptor(std::move(main), load))
            state->acceptor = std::move(*acceptor);
        else
            state->fastPathOff = std::move(acceptor.error());
    }
    Grammar grammar(std::move(state));
    if (!grammar.acceptor())
        if (auto compiled = grammar.compiled(); !compiled)
            return std::unexpected(std::move(compiled.error()));
    return grammar;
}

Result<Grammar> Grammar::builtIn() {
    const auto make = [](const char* name, std::string_view text, std::string_view fewModes) {
        auto state = std::make_shared<State>();
        state->name = name;
        state->text = text;
        state->fewModes = fewModes;
        state->builtIn = true;
        return state;
    };
    auto state = make("capabilities-compat.rng", embedded::capabilitiesCompat,
                      embedded::capabilitiesCompatOfFewModes);
    state->makeDomainCapabilities = [make] {
        return prepare(make("domaincaps-compat.rng", embedded::domaincapsCompat,
                            embedded::domaincapsCompatOfFewModes));
    };
    return prepare(std::move(state));
}

Result<Grammar> Grammar::domainCapabilities() const {
    std::call_once(state_->domainCapabilitiesOnce, [this] {
        state_->domainCapabilities =
            std::make_unique<const Result<Grammar>>(state_->makeDomainCapabilities());
    });
    return *state_->domainCapabilities;
}

Result<GrammarReader> Grammar::readLibvirts(const std::string& schemaDir) {
    auto read = readGrammarFolder(absolute(schemaDir));
    if (!read)
        read.error().remedy = kHowToGetLibvirts;
    return read;
}

Result<Grammar> Grammar::strict(const std::string& schemaDir) {
    auto read = readLibvirts(schemaDir);
    if (!read)
        return std::unexpected(std::move(read.error()));
    return strict(schemaDir, std::move(*read));
}

Result<Grammar> Grammar::strict(const std::string& schemaDir, GrammarReader read) {
    const auto make = [folder = std::filesystem::path(absolute(schemaDir)),
                       read = std::move(read)](const std::string& name, const char* libvirts,
                                               std::string_view text, std::string_view fewModes) {
        auto state = std::make_shared<State>();
        state->read = read;
        state->file = (folder / libvirts).string();
        state->name = name + " with " + state->file;
        const std::string reference = asReference(folder.string());
        state->text = replaced(text, "@libvirt_schemadir@", reference);
        state->fewModes = replaced(fewModes, "@libvirt_schemadir@", reference);
        return state;
    };
    auto state =
        make("libvirt-capability-compat.rng", "capability.rng", embedded::libvirtCapabilityCompat,
             embedded::libvirtCapabilityCompatOfFewModes);
    state->makeDomainCapabilities = [make] {
        return prepare(make("libvirt-domaincaps-compat.rng", "domaincaps.rng",
                            embedded::libvirtDomaincapsCompat,
                            embedded::libvirtDomaincapsCompatOfFewModes));
    };
    return prepare(std::move(state));
}

Result<Grammar> Grammar::fromFile(const std::string& path) {
    auto state = std::make_shared<State>();
    state->name = path;
    state->file = path;
    state->read = [](const std::string& file) { return input::readInput(file); };
    return prepare(std::move(state));
}

} // namespace hostcompat::validate
