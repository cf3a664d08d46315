// SPDX-License-Identifier: LGPL-2.1-or-later
// Follows <include> and <externalRef> from file to file, instead of libxml2.
#include "driver/validate/grammar_files.hpp"

#include "driver/input/read_file.hpp"
#include "driver/text/utf8.hpp"
#include "driver/validate/safe_parse.hpp"
#include "driver/validate/tree.hpp"

#include <libxml/uri.h>

#include <cerrno>
#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

namespace hostcompat::validate {

namespace {

constexpr std::string_view kRelaxNg = "http://relaxng.org/ns/structure/1.0";
constexpr std::size_t kMostFiles = 64;

bool refersToFile(const xmlNode* node) {
    return node->ns && tree::text(node->ns->href) == kRelaxNg &&
           (tree::text(node->name) == "include" || tree::text(node->name) == "externalRef");
}

struct Reference {
    std::string href;
    std::size_t line;
};

Result<std::vector<Reference>> referencesOf(const std::string& path, const GrammarReader& read) {
    auto bytes = read(path);
    if (!bytes)
        return std::unexpected(std::move(bytes.error()));
    auto document = parseSafely(*bytes, path);
    if (!document)
        return std::unexpected(std::move(document.error()));
    std::vector<Reference> references;
    for (const xmlNode* node = xmlDocGetRootElement(document->get()); node;
         node = tree::nextElement(node)) {
        if (!refersToFile(node))
            continue;
        const std::unique_ptr<xmlChar, decltype(xmlFree)> href(
            xmlGetNoNsProp(node, reinterpret_cast<const xmlChar*>("href")), xmlFree);
        references.push_back({std::string(tree::text(href.get())), lineOf(node)});
    }
    return references;
}

/// The path that a reference means, or nothing if it does not refer to a file.
std::string resolve(const std::string& from, const std::string& href) {
    const std::unique_ptr<char, decltype(xmlFree)> plain(
        xmlURIUnescapeString(href.c_str(), 0, nullptr), xmlFree);
    if (!plain || href.empty() || href.find(':') != std::string::npos || href.starts_with("//"))
        return "";
    return (std::filesystem::path(from).parent_path() / plain.get()).lexically_normal().string();
}

constexpr std::size_t kMostFolderFiles = 1000;
constexpr std::size_t kMostFolderBytes = std::size_t{64} << 20;

using Files = std::map<std::string, Result<std::string>>;

Result<std::string> giveFile(const Files& files, const std::string& folder,
                             const std::string& path) {
    if (const auto found = files.find(path); found != files.end())
        return found->second;
    const bool isThere =
        std::filesystem::path(path).parent_path() == folder && path.ends_with(".rng");
    return std::unexpected(
        Error{.kind = ErrorKind::input,
              .action = "open",
              .subject = path,
              .errorNumber = isThere ? ENOENT : 0,
              .reason = isThere ? "" : "it is not one of the *.rng files in " + folder});
}

/// The file reader of this thread. It is global because libxml2 passes no user data to the loader.
const GrammarReader*& readerOfThisThread() {
    thread_local const GrammarReader* reader = nullptr;
    return reader;
}

xmlParserInput* loadFromReader(const char* url, const char*, xmlParserCtxt* context) {
    const GrammarReader* const read = readerOfThisThread();
    const std::unique_ptr<char, decltype(xmlFree)> plain(
        url ? xmlURIUnescapeString(url, 0, nullptr) : nullptr, xmlFree);
    if (!read || !*read || !plain)
        return nullptr;
    const auto bytes = (*read)(std::filesystem::path(plain.get()).lexically_normal().string());
    if (!bytes)
        return nullptr;
    // libxml2 copies them, and owns the buffer and the input.
    xmlParserInputBuffer* const buffer = xmlParserInputBufferCreateMem(
        bytes->data(), static_cast<int>(bytes->size()), XML_CHAR_ENCODING_NONE);
    xmlParserInput* const input =
        buffer ? xmlNewIOInputStream(context, buffer, XML_CHAR_ENCODING_NONE) : nullptr;
    if (!input) {
        xmlFreeParserInputBuffer(buffer);
        return nullptr;
    }
    // References in this file are resolved relative to it.
    input->filename = reinterpret_cast<char*>(xmlStrdup(reinterpret_cast<const xmlChar*>(url)));
    return input;
}

} // namespace

Result<GrammarReader> readGrammarFolder(const std::string& folder) {
    auto files = std::make_shared<Files>();
    std::size_t bytes = 0;
    std::error_code error;
    for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end;
         entry.increment(error)) {
        if (!entry->path().string().ends_with(".rng"))
            continue;
        const std::string path = entry->path().string();
        const auto file = files->emplace(path, input::readInput(path)).first;
        bytes += file->second ? file->second->size() : 0;
        if (files->size() > kMostFolderFiles || bytes > kMostFolderBytes)
            return std::unexpected(
                Error{.kind = ErrorKind::input,
                      .action = "read the grammars in",
                      .subject = folder,
                      .reason = "there are more than 1000 *.rng files or 64 MiB of them",
                      .remedy = "give the folder of libvirt's grammars with --schema-dir"});
    }
    if (error)
        return std::unexpected(Error{.kind = ErrorKind::input,
                                     .action = "read the grammars in",
                                     .subject = folder,
                                     .errorNumber = error.value()});
    return [files, folder](const std::string& path) { return giveFile(*files, folder, path); };
}

GrammarFilesScope::GrammarFilesScope(const GrammarReader& read)
    : previous_(xmlGetExternalEntityLoader()) {
    readerOfThisThread() = &read;
    xmlSetExternalEntityLoader(loadFromReader);
}

GrammarFilesScope::~GrammarFilesScope() {
    xmlSetExternalEntityLoader(previous_);
    readerOfThisThread() = nullptr;
}

Result<void> checkGrammarFiles(const std::string& path, const GrammarReader& read) {
    std::set<std::string> known{path};
    std::vector<std::string> open{path};
    while (!open.empty()) {
        const std::string file = std::move(open.back());
        open.pop_back();
        auto references = referencesOf(file, read);
        if (!references)
            return std::unexpected(std::move(references.error()));
        for (const Reference& reference : *references) {
            const auto refuse = [&](std::string reason) {
                return std::unexpected(Error{.kind = ErrorKind::input,
                                             .action = "use the grammar",
                                             .subject = file,
                                             .line = reference.line,
                                             .errorNumber = 0,
                                             .reason = std::move(reason),
                                             .remedy = ""});
            };
            std::string target = resolve(file, reference.href);
            if (target.empty())
                return refuse("it includes '" + text::clipped(reference.href) +
                              "', which is not a file");
            if (known.insert(target).second)
                open.push_back(std::move(target));
            if (known.size() > kMostFiles)
                return refuse("it includes more than 64 files");
        }
    }
    return {};
}

} // namespace hostcompat::validate
