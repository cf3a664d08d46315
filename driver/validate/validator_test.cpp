// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests that verdicts are correct, also in sequence and from several threads, and that defects are
// described in words.
#include "driver/validate/validator.hpp"

#include <gtest/gtest.h>
#include <libxml/tree.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

namespace hostcompat::validate {
namespace {

const std::string kModes = "<mode name='power9' supported='yes'/>\n"
                           "<mode name='power10' supported='no'/>\n"
                           "<mode name='power11' supported='no'/>\n";

std::string capabilities(const std::string& compat) {
    return "<capabilities>\n<host>\n<cpu>\n<arch>ppc64le</arch>\n" + compat +
           "</cpu>\n</host>\n</capabilities>\n";
}

std::string compat(const std::string& content, const std::string& attributes = " source='kvm'") {
    return "<compat" + attributes + ">\n" + content + "</compat>\n";
}

std::string replaced(std::string text, const std::string& what, const std::string& by) {
    return text.replace(text.find(what), what.size(), by);
}

Validator makeValidator() {
    auto grammar = Grammar::builtIn();
    if (!grammar)
        std::abort();
    return Validator(*grammar);
}

std::string verdictOn(Validator& validator, const std::string& document) {
    const auto verdict = validator.validate(document, "x.xml");
    if (!verdict)
        return model::describe(verdict.error());
    EXPECT_EQ(verdict->valid, verdict->defects.empty());
    std::string text;
    for (const Defect& defect : verdict->defects)
        text += formatDefect("x.xml", defect) + "\n";
    return text;
}

TEST(Validator, acceptsWhatTheDesignShows) {
    Validator validator = makeValidator();
    EXPECT_EQ(verdictOn(validator, capabilities(compat(kModes))), "");
    EXPECT_EQ(verdictOn(validator, capabilities("")), "");
}

TEST(Validator, answersTheSameWithoutTheFastPath) {
    std::string features;
    for (int i = 0; i < 200; ++i)
        features += "<feature\nname='x'/>\n";
    Validator validator = makeValidator();
    Validator slow(validator.grammar(), FastPath::off);
    const auto both = [&](const std::string& document) {
        std::string answer = verdictOn(validator, document);
        EXPECT_EQ(answer, verdictOn(slow, document));
        return answer;
    };
    EXPECT_TRUE(both(capabilities(features + compat("<mode/>\n"))).starts_with("x.xml:406: mode"));
    EXPECT_EQ(both(capabilities(features + compat("<!-- &amp; --><![CDATA[ ]]>" + kModes))), "");
    EXPECT_NE(both(capabilities(features) + "<more/>"), "");
}

/// So many neighbouring elements that libxml2 would take a minute to compare them with each other.
std::string crowd() {
    std::string elements;
    for (int i = 0; i < 200'000; ++i)
        elements += "<x/>";
    return elements + "\n";
}

TEST(Validator, judgesACrowdByTheBuiltInRules) {
    Validator validator(makeValidator().grammar(), FastPath::off);
    EXPECT_EQ(verdictOn(validator, capabilities(crowd() + compat(kModes))), "");
    EXPECT_EQ(verdictOn(validator, capabilities(crowd() + compat(kModes) + "<x/>\n")),
              "x.xml:6: compat: it must be the last element of <cpu>; line 11 has <x> after it\n");
}

TEST(Validator, namesEveryDefectOnce) {
    Validator validator = makeValidator();
    EXPECT_EQ(
        verdictOn(validator,
                  capabilities(compat("<mode name='power10' supported='maybe'/>\n"
                                      "<mode name='power9' supported='yes' since='7.3'/>\n"
                                      "<other/>\n",
                                      " origin='kvm'"))),
        "x.xml:5: compat: attribute 'origin' is not allowed\n"
        "x.xml:5: compat: attribute 'source' is missing; it is one word, such as kvm or trial\n"
        "x.xml:6: mode: attribute 'supported' is 'maybe', but must be yes or no\n"
        "x.xml:7: mode: attribute 'since' is not allowed\n"
        "x.xml:7: mode: mode 'power9' stands after 'power10'; modes are listed oldest first\n"
        "x.xml:8: other: it is not allowed in <compat>, which contains <mode> elements only\n");
}

TEST(Validator, passesOnRefusals) {
    Validator validator = makeValidator();
    EXPECT_EQ(verdictOn(validator, "<capabilities>\n<host>"),
              "x.xml:2: cannot parse: it ends inside <host>, which line 2 opens");
}

TEST(Validator, judgesEachDocumentAlone) {
    Validator validator = makeValidator();
    const std::string good = capabilities(compat(kModes));
    const std::string bad = capabilities(compat(replaced(kModes, "yes", "si")));
    for (int round = 0; round < 5; ++round) {
        EXPECT_EQ(verdictOn(validator, good), "");
        EXPECT_EQ(verdictOn(validator, bad),
                  "x.xml:6: mode: attribute 'supported' is 'si', but must be yes or no\n");
        EXPECT_NE(verdictOn(validator, "<"), "");
    }
}

TEST(Validator, sharesAGrammarBetweenThreads) {
    const auto grammar = Grammar::builtIn();
    ASSERT_TRUE(grammar);
    const std::string good = capabilities(compat(kModes));
    const std::string bad = capabilities(compat(replaced(kModes, "power9", "Power9")));
    std::vector<std::thread> threads;
    for (int thread = 0; thread < 4; ++thread)
        threads.emplace_back([&] {
            Validator validator(*grammar);
            for (int round = 0; round < 200; ++round) {
                EXPECT_EQ(verdictOn(validator, good), "");
                EXPECT_EQ(verdictOn(validator, bad),
                          "x.xml:6: mode: attribute 'name' is 'Power9', but must be power and a "
                          "number, such as power9\n");
            }
        });
    for (std::thread& thread : threads)
        thread.join();
}

TEST(Validator, printsNothingItself) {
    testing::internal::CaptureStderr();
    testing::internal::CaptureStdout();
    Validator validator = makeValidator();
    EXPECT_NE(verdictOn(validator, "<x>\n</x>"), "");
    EXPECT_NE(verdictOn(validator, "<x>"), "");
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
    EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
}

std::string domainCapabilities(const std::string& modes) {
    return "<domainCapabilities>\n<cpu>\n<mode name='host-model'>\n<enum name='compat'>\n" + modes +
           "</enum>\n</mode>\n</cpu>\n</domainCapabilities>\n";
}

TEST(Validator, judgesDomainCapabilitiesByTheirGrammar) {
    const std::string good = domainCapabilities("<value>power9</value>\n<value>power11</value>\n");
    const std::string bad =
        domainCapabilities("<value>power9</value>\n<x/>\n<value>power8</value>\n");
    // The fast path searches for the root only near the beginning.
    const std::string far = "<!--" + std::string(5000, ' ') + "-->";
    for (const FastPath fastPath : {FastPath::on, FastPath::off}) {
        Validator validator(makeValidator().grammar(), fastPath);
        const auto grammarOf = [&](const std::string& document) {
            const auto verdict = validator.validate(document, "x.xml");
            return verdict ? std::string(verdict->grammar) : "";
        };
        for (const std::string& document : {good, far + good}) {
            EXPECT_EQ(verdictOn(validator, document), "");
            EXPECT_EQ(grammarOf(document), "domaincaps-compat.rng");
        }
        EXPECT_EQ(verdictOn(validator, bad),
                  "x.xml:6: x: it is not allowed in <enum name='compat'>, which contains <value> "
                  "elements only\n"
                  "x.xml:7: value: mode 'power8' stands after 'power9'; modes are listed oldest "
                  "first\n");
        EXPECT_EQ(grammarOf(bad), "domaincaps-compat.rng");
        EXPECT_EQ(grammarOf(capabilities("")), "capabilities-compat.rng");
        EXPECT_EQ(grammarOf("<!-- <domainCapabilities/> --><x/>"), "capabilities-compat.rng");
    }
}

TEST(Validator, recognisesDomainCapabilitiesWithoutLibxml2) {
    Validator validator = makeValidator();
    const std::string document = domainCapabilities("<value>power9</value>\n") + std::string(64, 0);
    const auto verdict =
        validator.certainVerdict(std::string_view(document).substr(0, document.size() - 64));
    ASSERT_TRUE(verdict);
    EXPECT_TRUE(verdict->valid);
    EXPECT_EQ(verdict->grammar, "domaincaps-compat.rng");
}

TEST(Validator, judgesACrowdOfDomainCapabilitiesByTheBuiltInRules) {
    Validator validator = makeValidator();
    EXPECT_EQ(
        verdictOn(validator, domainCapabilities(crowd())),
        "x.xml:5: x: it is not allowed in <enum name='compat'>, which contains <value> elements "
        "only\n");
}

/// A grammar that the test defines. Defects have libxml2's messages, sorted.
class OtherGrammar : public testing::Test {
protected:
    OtherGrammar() {
        std::string pattern = testing::TempDir() + "other-grammar-XXXXXX";
        folder_ = mkdtemp(pattern.data());
        const auto path = (folder_ / "x.rng").string();
        std::ofstream(path)
            << "<element name='capabilities' xmlns='http://relaxng.org/ns/structure/1.0'\n"
               " datatypeLibrary='http://www.w3.org/2001/XMLSchema-datatypes'>\n"
               "<element name='host'><element name='cpu'><interleave>\n"
               "<element "
               "name='arch'><choice><value>ppc64</value><value>ppc64le</value></choice></element>\n"
               "<optional><element name='size'><attribute name='n'><data "
               "type='unsignedInt'/></attribute>\n"
               "<optional><attribute name='m'><data "
               "type='unsignedInt'/></attribute></optional></element></optional>\n"
               "<optional><element name='compat'><attribute name='source'/>\n"
               "<zeroOrMore><element name='mode'><attribute name='name'/><attribute "
               "name='supported'/>\n"
               "</element></zeroOrMore></element></optional>\n"
               "</interleave></element>\n"
               "<optional><element name='topology'><element name='cells'><element name='cell'>"
               "<element name='cpus'><oneOrMore><element name='cpu'><attribute name='id'/>"
               "<attribute name='die_id'/><optional><attribute name='cluster_id'/></optional>"
               "</element></oneOrMore></element></element></element></element></optional>\n"
               "</element></element>";
        auto grammar = Grammar::fromFile(path);
        if (!grammar)
            throw std::runtime_error(model::describe(grammar.error()));
        validator_.emplace(*grammar);
    }
    ~OtherGrammar() override {
        std::filesystem::remove_all(folder_);
    }
    std::filesystem::path folder_;
    std::optional<Validator> validator_;
};

TEST_F(OtherGrammar, getsOneDefectForOneMistake) {
    EXPECT_EQ(verdictOn(*validator_, capabilities("<size n='1'/>\n")), "");
    EXPECT_EQ(verdictOn(*validator_, capabilities("<strange/>\n")),
              "x.xml:5: strange: it is not allowed here, or something in it is wrong or missing\n");
    EXPECT_EQ(verdictOn(*validator_, replaced(capabilities(""), "ppc64le", "vax")),
              "x.xml:4: arch: its text is 'vax', which is not allowed\n");
    EXPECT_EQ(
        verdictOn(*validator_,
                  "<capabilities><host><cpu><arch>vax</arch>text</cpu></host></capabilities>"),
        "x.xml:1: arch: its text is 'vax', which is not allowed\n");
    EXPECT_EQ(verdictOn(*validator_, "<other/>"),
              "x.xml:1: other: it is not allowed here, or something in it is wrong or missing\n");
}

/// A document whose topology has these CPUs.
std::string withCpus(const std::string& cpus) {
    return replaced(capabilities(""), "</cpu>\n",
                    "</cpu>\n<topology><cells><cell><cpus>\n" + cpus +
                        "</cpus></cell></cells></topology>\n");
}

TEST_F(OtherGrammar, saysWhatAnOlderLibvirtDoesNotWrite) {
    const std::string missing = "x.xml:7: cpu: attribute 'die_id' is missing; this libvirt's "
                                "grammar requires it, and older "
                                "versions do not write it\n";
    const std::string old = withCpus("<cpu id='0'/>\n<cpu id='1'/>\n");
    EXPECT_EQ(verdictOn(*validator_, withCpus("<cpu id='0' die_id='1'/>\n")), "");
    EXPECT_EQ(verdictOn(*validator_, old), missing);
    EXPECT_EQ(verdictOn(*validator_, old), missing) << "the document was changed";
    EXPECT_EQ(verdictOn(*validator_, replaced(old, "ppc64le", "vax")),
              "x.xml:4: arch: its text is 'vax', which is not allowed\n" + missing);
    // A CPU with another defect is still reported.
    EXPECT_EQ(verdictOn(*validator_, withCpus("<cpu id='0'/>\n<cpu id='1' x='2'/>\n")),
              missing + "x.xml:8: cpu: attribute 'x' is not allowed, or an attribute has a wrong "
                        "value\n");
    EXPECT_EQ(
        verdictOn(*validator_, replaced(withCpus("<cpu id='0'/>\n"), "</host>", "<a/></host>")),
        missing + "x.xml:9: a: it is not allowed here, or something in it is wrong or "
                  "missing\n");
}

TEST_F(OtherGrammar, refusesACrowd) {
    EXPECT_EQ(verdictOn(*validator_, capabilities(crowd())),
              "x.xml:3: cannot validate: <cpu> has too many children to be validated in reasonable "
              "time");
}

TEST_F(OtherGrammar, getsWhatIsWrongBesidesCompat) {
    const std::string document = replaced(capabilities(compat("<mode/>\n")), "ppc64le", "vax");
    const std::string expected =
        "x.xml:4: arch: its text is 'vax', which is not allowed\n"
        "x.xml:6: mode: attribute 'name' is missing; it is power and a number, such as power9\n"
        "x.xml:6: mode: attribute 'supported' is missing; it is yes or no\n";
    EXPECT_EQ(verdictOn(*validator_, document), expected);

    auto tree = parseSafely(document, "x.xml");
    ASSERT_TRUE(tree);
    const auto written = [&] {
        xmlChar* bytes = nullptr;
        int size = 0;
        xmlDocDumpMemory(tree->get(), &bytes, &size);
        std::string text(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
        xmlFree(bytes);
        return text;
    };
    const std::string before = written();
    for (int round = 0; round < 2; ++round) {
        const auto verdict = validator_->validate(tree->get(), "x.xml");
        ASSERT_TRUE(verdict);
        EXPECT_EQ(verdict->defects.size(), 3U);
    }
    EXPECT_EQ(written(), before) << "the document was changed";
}

} // namespace
} // namespace hostcompat::validate
