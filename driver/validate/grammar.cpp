// SPDX-License-Identifier: LGPL-2.1-or-later
// Compiles grammars with libxml2, silently and without the network.
#include "driver/validate/grammar.hpp"

#include "driver/validate/grammar_files.hpp"
#include "driver/xml/libxml_error.hpp"
#include "schema/embedded_grammars.hpp"

#include <libxml/uri.h>

#include <cerrno>
#include <filesystem>
#include <utility>

namespace hostcompat {

namespace {

/// A path as an attribute of a grammar has it: what is special in URIs and XML is escaped.
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

Result<Grammar> Grammar::compile(State state, const std::string& file) {
    // Types are set up once, here, because validators of several threads would all find them
    // missing.
    if (xmlRelaxNGInitTypes() != 0)
        return std::unexpected(outOfMemory("compile", state.name));
    FirstLibxmlError first;
    const LibxmlErrorScope scope(first);
    const std::unique_ptr<xmlRelaxNGParserCtxt, ParserDeleter> context(
        file.empty()
            ? xmlRelaxNGNewMemParserCtxt(state.text.data(), static_cast<int>(state.text.size()))
            : xmlRelaxNGNewParserCtxt(asReference(file).c_str()));
    if (!context)
        return std::unexpected(outOfMemory("compile", state.name));
    xmlRelaxNGSetParserStructuredErrors(context.get(), FirstLibxmlError::keep, &first);
    state.compiled.reset(xmlRelaxNGParse(context.get()));
    if (first.isOutOfMemory())
        return std::unexpected(outOfMemory("compile", state.name));
    // libxml2 goes on after some errors and gives a grammar that is not the one written.
    if (!state.compiled || first.made())
        return std::unexpected(Error{.kind = ErrorKind::input,
                                     .action = "compile the grammar",
                                     .subject = state.name,
                                     .line = 0,
                                     .errorNumber = 0,
                                     .reason = first.text(),
                                     .remedy = ""});
    return Grammar(std::make_shared<const State>(std::move(state)));
}

Result<Grammar> Grammar::builtIn() {
    return compile({.name = "capabilities-compat.rng",
                    .text = std::string(embedded::capabilitiesCompat),
                    .builtIn = true,
                    .compiled = nullptr},
                   "");
}

Result<Grammar> Grammar::strict(const std::string& schemaDir) {
    std::error_code failure;
    const auto folder = std::filesystem::absolute(schemaDir, failure).lexically_normal();
    const std::string capability = (folder / "capability.rng").string();
    if (auto readable = checkGrammarFiles(capability); !readable) {
        Error error = std::move(readable.error());
        error.remedy =
            "install libvirt's client packages, or name the folder of libvirt's grammars with "
            "--schema-dir";
        return std::unexpected(std::move(error));
    }
    std::string reference = asReference(folder.string());
    if (reference.ends_with('/'))
        reference.pop_back();
    return compile(
        {.name = "libvirt-capability-compat.rng with " + capability,
         .text = replaced(embedded::libvirtCapabilityCompat, "@libvirt_schemadir@", reference),
         .builtIn = false,
         .compiled = nullptr},
        "");
}

Result<Grammar> Grammar::fromFile(const std::string& path) {
    if (auto readable = checkGrammarFiles(path); !readable)
        return std::unexpected(std::move(readable.error()));
    return compile({.name = path, .text = "", .builtIn = false, .compiled = nullptr}, path);
}

} // namespace hostcompat
