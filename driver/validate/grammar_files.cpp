// SPDX-License-Identifier: LGPL-2.1-or-later
// Follows <include> and <externalRef> from file to file.
#include "driver/validate/grammar_files.hpp"

#include "driver/input/read_file.hpp"
#include "driver/text/utf8.hpp"
#include "driver/validate/safe_parse.hpp"
#include "driver/validate/tree.hpp"

#include <libxml/uri.h>

#include <filesystem>
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

Result<std::vector<Reference>> referencesOf(const std::string& path) {
    auto bytes = input::readInput(path);
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

/// The path that a reference means, or nothing where it is not a file's.
std::string resolve(const std::string& from, const std::string& href) {
    const std::unique_ptr<char, decltype(xmlFree)> plain(
        xmlURIUnescapeString(href.c_str(), 0, nullptr), xmlFree);
    if (!plain || href.empty() || href.find(':') != std::string::npos || href.starts_with("//"))
        return "";
    return (std::filesystem::path(from).parent_path() / plain.get()).lexically_normal().string();
}

} // namespace

Result<void> checkGrammarFiles(const std::string& path) {
    std::set<std::string> known{path};
    std::vector<std::string> open{path};
    while (!open.empty()) {
        const std::string file = std::move(open.back());
        open.pop_back();
        auto references = referencesOf(file);
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
