// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests that every document in valid/ is valid, and that every document in invalid/ has the one
// defect in its .expected file.
//
// NAME.expected contains the output of "validate NAME.xml". REGENERATE=1 rewrites it, and the test
// still fails, so that the change is noticed.
#include "driver/input/read_file.hpp"
#include "driver/model/mode.hpp"
#include "driver/text/utf8.hpp"
#include "driver/validate/explain.hpp"
#include "driver/validate/validator.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

namespace hostcompat {
namespace {

const std::filesystem::path kSources = SOURCE_ROOT;

std::vector<std::filesystem::path> filesIn(const char* folder, const char* extension) {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(kSources / "xml-tests" / folder))
        if (entry.path().extension() == extension)
            files.push_back(entry.path());
    std::ranges::sort(files);
    return files;
}

std::string contentOf(const std::filesystem::path& path) {
    auto bytes = input::readInput(path.string());
    return bytes ? *bytes : "(" + model::describe(bytes.error()) + ")\n";
}

/// Compares a file with its expected content. With REGENERATE the file is rewritten, and still
/// counts as different.
void expectContent(const std::filesystem::path& path, const std::string& content) {
    const bool exists = std::filesystem::exists(path);
    if (exists && contentOf(path) == content)
        return;
    if (std::getenv("REGENERATE")) {
        std::ofstream(path, std::ios::binary) << content;
        ADD_FAILURE() << path << " was written anew: look at it";
    } else {
        EXPECT_TRUE(exists) << path << " is missing; REGENERATE=1 writes it";
        EXPECT_EQ(exists ? contentOf(path) : "", content) << path;
    }
}

validate::Validator makeValidator() {
    auto grammar = validate::Grammar::builtIn();
    if (!grammar)
        std::abort();
    return validate::Validator(*grammar);
}

std::string printed(validate::Validator& validator, const std::filesystem::path& path) {
    const std::string name = path.filename().string();
    const auto verdict = validator.validate(contentOf(path), name);
    if (!verdict)
        return model::describe(verdict.error()) + "\n";
    std::string lines;
    for (const validate::Defect& defect : verdict->defects)
        lines += text::outputLine(validate::formatDefect(name, defect)) + "\n";
    return lines;
}

TEST(Documents, ofValidAreValid) {
    const auto documents = filesIn("valid", ".xml");
    EXPECT_GE(documents.size(), 30U);
    validate::Validator validator = makeValidator();
    for (const auto& document : documents)
        EXPECT_EQ(printed(validator, document), "") << document;
}

TEST(Documents, ofInvalidHaveTheirOneDefect) {
    const auto documents = filesIn("invalid", ".xml");
    EXPECT_GE(documents.size(), 60U);
    validate::Validator validator = makeValidator();
    for (const auto& document : documents) {
        const std::string lines = printed(validator, document);
        EXPECT_EQ(std::ranges::count(lines, '\n'), 1) << document << "\n" << lines;
        auto expected = document;
        expectContent(expected.replace_extension(".expected"), lines);
    }
    for (auto expected : filesIn("invalid", ".expected"))
        EXPECT_TRUE(std::filesystem::exists(expected.replace_extension(".xml"))) << expected;
}

/// For each line of a document, variants in which the line is removed, duplicated, and exchanged
/// with the next.
std::vector<std::string> variantsOf(const std::string& document) {
    std::vector<std::string> lines;
    for (std::size_t at = 0; at < document.size();) {
        const auto end = std::min(document.find('\n', at), document.size() - 1) + 1;
        lines.push_back(document.substr(at, end - at));
        at = end;
    }
    const auto joined = [](const std::vector<std::string>& parts) {
        std::string text;
        for (const std::string& part : parts)
            text += part;
        return text;
    };
    std::vector<std::string> variants{document};
    // Long documents are long because of their topology, where there is nothing to test.
    for (std::size_t line = 0; line < lines.size() && line < 100; ++line) {
        auto changed = lines;
        changed.insert(changed.begin() + static_cast<std::ptrdiff_t>(line), lines[line]);
        variants.push_back(joined(changed));
        changed = lines;
        changed.erase(changed.begin() + static_cast<std::ptrdiff_t>(line));
        variants.push_back(joined(changed));
        if (line + 1 < lines.size()) {
            changed = lines;
            std::swap(changed[line], changed[line + 1]);
            variants.push_back(joined(changed));
        }
    }
    return variants;
}

// Rules in our own code produce the messages for defects. They also decide about documents that
// would take libxml2 too long, so they must always agree with the grammar.
TEST(Documents, areExplainedAsTheGrammarJudges) {
    const auto hosts =
        validate::Grammar::fromFile((kSources / "schema" / "capabilities-compat.rng").string());
    const auto domains =
        validate::Grammar::fromFile((kSources / "schema" / "domaincaps-compat.rng").string());
    ASSERT_TRUE(hosts) << model::describe(hosts.error());
    ASSERT_TRUE(domains) << model::describe(domains.error());
    validate::Validator wholeOfHosts(*hosts);
    validate::Validator wholeOfDomains(*domains);
    validate::Validator builtIn = makeValidator();
    int valid = 0;
    int invalid = 0;
    for (const char* folder : {"valid", "invalid"}) {
        for (const auto& path : filesIn(folder, ".xml")) {
            for (const std::string& variant : variantsOf(contentOf(path))) {
                const auto document = validate::parseSafely(variant, "x.xml");
                if (!document)
                    continue;
                const auto own = builtIn.validate(document->get(), "x.xml");
                ASSERT_TRUE(own);
                validate::Validator& whole =
                    own->grammar == "domaincaps-compat.rng" ? wholeOfDomains : wholeOfHosts;
                const auto verdict = whole.validate(document->get(), "x.xml");
                ASSERT_TRUE(verdict);
                ASSERT_EQ(own->valid, verdict->valid) << path << "\n" << variant;
                ASSERT_EQ(validate::explainDocument(document->get()).empty(), verdict->valid)
                    << path << "\n"
                    << variant;
                ++(verdict->valid ? valid : invalid);
            }
        }
    }
    EXPECT_GT(valid, 1000);
    EXPECT_GT(invalid, 1000);
}

// A new generation is a new row of the table; this test generates the grammars' definitions for it.
// RELAX NG cannot express "any number of these, each once, in order" for unknown names, so the
// grammars contain every name that a mode may have (model::modeNumber()).

constexpr unsigned kNewest = model::ModeSet::kEnd - 1;

/// Generates the definitions of the modes of <compat>: single modes, and ranges of them.
class ModesOfCompat {
public:
    static std::string definitions() {
        ModesOfCompat modes;
        modes.some(1, kNewest);
        for (unsigned mode = 1; mode <= kNewest; ++mode)
            modes.define(fmt::format("hostcpuCompat{}", mode),
                         fmt::format("<element name=\"mode\"><attribute name=\"name\"><value "
                                     "type=\"string\">{}</value></attribute><ref "
                                     "name=\"hostcpuCompatSupported\"/></element>",
                                     model::modeName(mode)));
        return modes.text_;
    }

private:
    static std::string ref(const std::string& name) {
        return fmt::format("<ref name=\"{}\"/>", name);
    }
    void define(const std::string& name, const std::string& content) {
        if (defined_.insert(name).second)
            text_ += fmt::format("  <define name=\"{}\">{}</define>\n", name, content);
    }
    /// At least one of the modes from first to last.
    std::string some(unsigned first, unsigned last) {
        if (first == last)
            return ref(fmt::format("hostcpuCompat{}", first));
        const unsigned middle = (first + last) / 2;
        const std::string name = fmt::format("hostcpuCompatSome{}to{}", first, last);
        // Call these one after another, because compilers evaluate arguments in different orders.
        const std::string later = some(middle + 1, last);
        const std::string rest = any(middle + 1, last);
        const std::string earlier = some(first, middle);
        define(name, fmt::format("<choice><group>{}{}</group>{}</choice>", earlier, rest, later));
        return ref(name);
    }
    /// Any number of the modes from first to last.
    std::string any(unsigned first, unsigned last) {
        if (first == last)
            return fmt::format("<optional>{}</optional>",
                               ref(fmt::format("hostcpuCompat{}", first)));
        const unsigned middle = (first + last) / 2;
        const std::string name = fmt::format("hostcpuCompatAny{}to{}", first, last);
        const std::string earlier = any(first, middle);
        define(name, earlier + any(middle + 1, last));
        return ref(name);
    }

    std::string text_;
    std::set<std::string> defined_;
};

/// Compares the text between two markers of a file with its expected content.
void expectBetween(const std::filesystem::path& path, std::string_view before,
                   std::string_view after, const std::string& content) {
    const std::string text = contentOf(path);
    const auto begin = text.find(before) + before.size();
    const auto end = text.find(after, begin);
    ASSERT_GE(begin, before.size());
    ASSERT_NE(end, std::string::npos);
    expectContent(path, text.substr(0, begin) + content + text.substr(end));
}

TEST(Grammars, listEveryModeInOrder) {
    expectBetween(kSources / "schema" / "hostcpu-compat.rng",
                  "<ref name=\"hostcpuCompatSome1to99\"/>\n    </element>\n  </define>\n\n",
                  "\n  <!-- The source of the answer", ModesOfCompat::definitions());
    std::string values;
    for (unsigned mode = 1; mode <= kNewest; ++mode)
        values += fmt::format("      <optional><element name=\"value\"><value "
                              "type=\"string\">{}</value></element></optional>\n",
                              model::modeName(mode));
    expectBetween(kSources / "schema" / "domaincpu-compat.rng", "      </attribute>\n",
                  "    </element>\n  </define>\n", values);
}

} // namespace
} // namespace hostcompat
