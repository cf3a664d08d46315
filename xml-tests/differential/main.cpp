// SPDX-License-Identifier: LGPL-2.1-or-later
// Compares the fast path with libxml2 on mutated documents. What it accepts libxml2 must accept,
// and the answer about other documents must be the same as without the fast path.
// differential --grammar FILE|built-in[-domaincaps]|strict[-domaincaps]
//              [--documents FILE-OR-FOLDER]... [--made] [--count N] [--seed N] [--keep FOLDER]
// differential --random-grammars N [--documents-each N] [--seed N]
//
// --made adds documents that bench/ generates; --keep writes the first 2,000 accepted documents for
// another validator. Exit status 1 if libxml2 refuses a document that was accepted, or if no
// document was accepted.
#include "bench/documents.hpp"
#include "driver/relaxng/acceptor.hpp"
#include "driver/validate/validator.hpp"
#include "xml-tests/differential/judge.hpp"
#include "xml-tests/differential/mutation.hpp"
#include "xml-tests/differential/random_grammar.hpp"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>
#include <vector>

namespace {

using namespace hostcompat;
using namespace hostcompat::differential;

struct Options {
    std::string grammar;
    std::vector<std::string> documents;
    std::string keep;
    std::size_t count = 20'000;
    std::size_t each = 400;
    std::size_t randomGrammars = 0;
    std::uint64_t seed = 1;
    bool made = false;
};

struct Tally {
    std::size_t compared = 0;
    std::size_t accepted = 0;
    std::size_t wrong = 0;
    std::size_t missed = 0; ///< valid for libxml2, not accepted, of a sample
    std::size_t sampled = 0;
    std::size_t answered =
        0; ///< answers compared, of a sample of the documents that were not accepted
    std::size_t differing = 0;
};

/// The library's answers without the fast path, or libxml2's.
struct Answers {
    /// Whether a document is valid.
    std::function<bool(const std::string&)> isValid;
    /// Whether the answer, with defects and errors, is the same with the fast path; may be empty.
    std::function<bool(const std::string&)> isUnchanged = {};
};

std::string fileText(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

std::expected<relaxng::RngText, std::string> loadFile(std::string_view href,
                                                      std::string_view from) {
    const std::filesystem::path path = std::filesystem::path(from).parent_path() / href;
    std::string text = fileText(path);
    if (text.empty())
        return std::unexpected("the file " + path.string());
    return relaxng::RngText{path.string(), std::move(text)};
}

bool accepted(relaxng::Acceptor& acceptor, std::string& document) {
    const std::size_t size = document.size();
    document.resize(size + relaxng::acceptorPadding);
    const bool result = acceptor.accepts({document.data(), size});
    document.resize(size);
    return result;
}

void compare(relaxng::Acceptor& acceptor, const Answers& answers, std::string& document,
             Tally& tally, const std::string& grammar) {
    const auto wrong = [&](const char* what, std::size_t count) {
        if (count == 1)
            std::printf("WRONG: %s\n%s\n--- by\n%s\n", what, document.c_str(), grammar.c_str());
    };
    ++tally.compared;
    if (accepted(acceptor, document)) {
        ++tally.accepted;
        if (!answers.isValid(document))
            wrong("accepted and refused by libxml2", ++tally.wrong);
        return;
    }
    if (tally.compared % 16 == 0) {
        ++tally.sampled;
        tally.missed += answers.isValid(document) ? 1 : 0;
    }
    if (answers.isUnchanged && tally.compared % 4 == 0) {
        ++tally.answered;
        if (!answers.isUnchanged(document))
            wrong("the fast path changes the answer", ++tally.differing);
    }
}

int report(const char* what, const Tally& tally) {
    std::printf("%s: %zu documents, %zu accepted, %zu of them refused by libxml2; of %zu others "
                "sampled libxml2 accepts %zu\n",
                what, tally.compared, tally.accepted, tally.wrong, tally.sampled, tally.missed);
    if (tally.answered > 0)
        std::printf("of %zu answers to documents that were not accepted %zu differ\n",
                    tally.answered, tally.differing);
    return tally.wrong == 0 && tally.differing == 0 && tally.accepted > 0 ? 0 : 1;
}

std::vector<std::string> seeds(const Options& options) {
    std::vector<std::string> result;
    for (const std::string& name : options.documents) {
        if (!std::filesystem::is_directory(name)) {
            result.push_back(fileText(name));
            continue;
        }
        for (const auto& entry : std::filesystem::recursive_directory_iterator(name))
            if (entry.path().extension() == ".xml")
                result.push_back(fileText(entry.path()));
    }
    for (unsigned number = 0; options.made && number < 12; ++number)
        for (const bool compat : {true, false})
            result.push_back(bench::capabilitiesDocument({.cells = 1 + number % 2,
                                                          .cpusPerCell = 1 + number % 5,
                                                          .guests = number % 3,
                                                          .machines = 1 + number % 8,
                                                          .number = number,
                                                          .compat = compat}));
    for (bench::Shape shape : {bench::usualHost(), bench::usualHost()}) {
        if (!options.made)
            break;
        shape.number = static_cast<unsigned>(result.size());
        shape.cpusPerCell = 12;
        shape.invalid = result.size() % 2 == 1;
        result.push_back(bench::capabilitiesDocument(shape));
    }
    if (options.grammar.ends_with("-domaincaps"))
        std::erase_if(result, [](const std::string& document) {
            return !document.contains("<domainCapabilities");
        });
    return result;
}

int compareOver(const Options& options,
                const std::shared_ptr<const relaxng::AcceptorGrammar>& grammar,
                const Answers& answers) {
    const std::vector<std::string> documents = seeds(options);
    if (!grammar || documents.empty()) {
        std::printf("the fast path is off, or there are no documents\n");
        return 1;
    }
    for (const std::string& note : grammar->notes)
        std::printf("the fast path leaves to libxml2: %s\n", note.c_str());
    relaxng::Acceptor acceptor(grammar);
    Values values(*grammar);
    Random random(options.seed);
    Tally untouched;
    for (std::string document : documents)
        compare(acceptor, answers, document, untouched, options.grammar);
    std::printf("of %zu documents as they are %zu are accepted\n", untouched.compared,
                untouched.accepted);
    Tally tally;
    std::size_t kept = 0;
    while (tally.compared < options.count) {
        std::string document = mutated(documents[below(random, documents.size())], values, random);
        const std::size_t before = tally.accepted;
        compare(acceptor, answers, document, tally, options.grammar);
        if (!options.keep.empty() && kept < 2000 && tally.accepted != before)
            std::ofstream(options.keep + "/" + std::to_string(kept++) + ".xml") << document;
    }
    std::printf("states forgotten %lu times\n",
                static_cast<unsigned long>(acceptor.counts().resets));
    return report(options.grammar.c_str(), tally) | (untouched.wrong == 0 ? 0 : 1);
}

/// Tests a grammar of the library, with its Validator deciding what is valid.
int overOwnGrammar(const Options& options) {
    auto grammar = options.grammar.starts_with("strict") ? validate::Grammar::strict()
                                                         : validate::Grammar::builtIn();
    if (grammar && options.grammar.ends_with("-domaincaps"))
        grammar = grammar->domainCapabilities();
    if (!grammar) {
        std::printf("%s\n", model::describe(grammar.error()).c_str());
        return 1;
    }
    validate::Validator judge(*grammar, validate::FastPath::off);
    validate::Validator usual(*grammar, validate::FastPath::on);
    const auto isValid = [&](const std::string& document) {
        const auto verdict = judge.validate(document, "document");
        return verdict && verdict->valid;
    };
    const auto isUnchanged = [&](const std::string& document) {
        const auto expected = judge.validate(document, "document");
        const auto verdict = usual.validate(document, "document");
        if (!expected || !verdict)
            return !expected && !verdict &&
                   model::describe(expected.error()) == model::describe(verdict.error());
        return expected->valid == verdict->valid && expected->defects == verdict->defects;
    };
    return compareOver(options, grammar->acceptor(), {isValid, isUnchanged});
}

int overGrammarFile(const Options& options) {
    const auto grammar =
        relaxng::compileAcceptor({options.grammar, fileText(options.grammar)}, loadFile);
    const Judge judge(options.grammar);
    if (!grammar || !judge.usable()) {
        std::printf("%s\n", grammar ? "libxml2 refuses the grammar" : grammar.error().c_str());
        return 1;
    }
    return compareOver(options, *grammar,
                       {[&](const std::string& document) { return judge.valid(document); }});
}

int overRandomGrammars(const Options& options) {
    Random random(options.seed);
    Tally tally;
    std::size_t used = 0;
    std::size_t refused = 0;
    std::size_t disagreed = 0;
    for (std::size_t tries = 0;
         used < options.randomGrammars && tries < options.randomGrammars * 200; ++tries) {
        const RandomGrammar drawn(random);
        const std::string text = drawn.text();
        const auto grammar = relaxng::compileAcceptor({"random.rng", text}, [](auto, auto) {
            return std::expected<relaxng::RngText, std::string>(std::unexpected("no files"));
        });
        if (!grammar) {
            ++refused;
            continue;
        }
        const Judge judge = Judge::ofText(text);
        if (!judge.usable()) {
            ++disagreed;
            std::printf("WRONG: libxml2 refuses the grammar\n%s\n", text.c_str());
            continue;
        }
        ++used;
        const Answers answers{[&](const std::string& document) { return judge.valid(document); }};
        relaxng::Acceptor acceptor(*grammar);
        Values values(**grammar);
        Tally own;
        for (std::size_t i = 0; i < options.each; ++i) {
            std::string document = drawn.document(random);
            if (document.size() > 4000)
                continue;
            if (i % 2 == 1)
                document = mutated(document, values, random);
            compare(acceptor, answers, document, own, text);
        }
        tally.compared += own.compared;
        tally.accepted += own.accepted;
        tally.wrong += own.wrong;
        tally.sampled += own.sampled;
        tally.missed += own.missed;
    }
    std::printf("%zu random grammars used, %zu were outside of what the fast path knows\n", used,
                refused);
    return report("random grammars", tally) |
           (disagreed == 0 && used == options.randomGrammars ? 0 : 1);
}

} // namespace

int main(int argc, char** argv) {
    Options options;
    for (int i = 1; i < argc; ++i) {
        const std::string name = argv[i];
        if (name == "--made") {
            options.made = true;
            continue;
        }
        if (i + 1 == argc) {
            std::fprintf(stderr, "%s needs a value\n", name.c_str());
            return 2;
        }
        const char* value = argv[++i];
        if (name == "--grammar")
            options.grammar = value;
        else if (name == "--documents")
            options.documents.emplace_back(value);
        else if (name == "--keep")
            options.keep = value;
        else if (name == "--count")
            options.count = std::strtoull(value, nullptr, 10);
        else if (name == "--documents-each")
            options.each = std::strtoull(value, nullptr, 10);
        else if (name == "--random-grammars")
            options.randomGrammars = std::strtoull(value, nullptr, 10);
        else if (name == "--seed")
            options.seed = std::strtoull(value, nullptr, 10);
        else {
            std::fprintf(stderr, "unknown option %s\n", name.c_str());
            return 2;
        }
    }
    if (options.randomGrammars > 0)
        return overRandomGrammars(options);
    const bool own =
        options.grammar.starts_with("strict") || options.grammar.starts_with("built-in");
    return own ? overOwnGrammar(options) : overGrammarFile(options);
}
