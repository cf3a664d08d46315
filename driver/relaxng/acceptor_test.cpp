// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests which documents the fast path accepts, which it leaves to libxml2, and when it is off.
#include "driver/relaxng/acceptor.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>

namespace hostcompat::relaxng {
namespace {

constexpr std::string_view head = "<grammar xmlns='http://relaxng.org/ns/structure/1.0' "
                                  "datatypeLibrary='http://www.w3.org/2001/XMLSchema-datatypes'>";

std::expected<std::shared_ptr<const AcceptorGrammar>, std::string>
compile(std::string_view definitions, const std::map<std::string, std::string>& files = {}) {
    return compileAcceptor(
        {"g.rng", fmt::format("{}{}</grammar>", head, definitions)},
        [&](std::string_view href, std::string_view) -> std::expected<RngText, std::string> {
            const auto found = files.find(std::string(href));
            if (found == files.end())
                return std::unexpected("no such file");
            return RngText{found->first, found->second};
        });
}

std::string startOf(std::string_view content) {
    return fmt::format("<start><element name='a'>{}</element></start>", content);
}

bool accepts(Acceptor& acceptor, std::string document) {
    const std::size_t size = document.size();
    document.resize(size + acceptorPadding);
    const bool first = acceptor.accepts({document.data(), size});
    // The second run uses the cache, and must give the same answer.
    EXPECT_EQ(acceptor.accepts({document.data(), size}), first) << document;
    return first;
}

struct Case {
    std::string content;
    std::vector<std::string> accepted;
    std::vector<std::string> left;
};

TEST(Acceptor, followsEachConstruct) {
    const std::vector<Case> cases = {
        {"<empty/>",
         {"<a/>", "<a></a>", "<a> \n </a>", "<a><!-- c --></a>"},
         {"<a>x</a>", "<b/>", "<a b='1'/>"}},
        {"<text/>",
         {"<a/>", "<a>x y</a>", "<a>x<!-- c -->y</a>"},
         {"<a><b/></a>", "<a>x&amp;y</a>", "<a>]]></a>"}},
        {"<attribute name='p'/>",
         {"<a p=''/>", "<a p='x'/>", "<a p=\"it's\"/>", "<a  p = 'x' ></a >"},
         {"<a/>", "<a p='1' p='2'/>", "<a q='1'/>", "<a p='x\ny'/>", "<a p='<'/>", "<ap='x'/>"}},
        {"<attribute name='p'><data type='unsignedInt'><param "
         "name='pattern'>[0-9]+</param></data></attribute>",
         {"<a p='0'/>", "<a p='4294967295'/>"},
         {"<a p='4294967296'/>", "<a p='-1'/>", "<a p=' 1'/>", "<a p=''/>", "<a p='1x'/>"}},
        {"<choice><value>yes</value><value>no</value></choice>",
         {"<a>yes</a>", "<a>no</a>"},
         {"<a>yesno</a>", "<a/>", "<a>yes<!-- c --></a>", "<a>n</a>"}},
        {"<data type='string'><param name='pattern'>(a|b)c{2,3}</param></data>",
         {"<a>acc</a>", "<a>bccc</a>"},
         {"<a>ac</a>", "<a>acccc</a>", "<a> acc</a>"}},
        {"<zeroOrMore><element name='b'><empty/></element></zeroOrMore><element "
         "name='c'><text/></element>",
         {"<a><c/></a>", "<a><b/><b/> <c>x</c></a>"},
         {"<a><b/></a>", "<a><c/><b/></a>", "<a>x<c/></a>", "<a><b/><c/><c/></a>"}},
        {"<interleave><element name='b'><empty/></element><optional><element "
         "name='c'><empty/></element>"
         "</optional></interleave>",
         {"<a><b/></a>", "<a><c/><b/></a>", "<a><b/><c/></a>"},
         {"<a><c/></a>", "<a><b/><c/><b/></a>"}},
        {"<choice><group><attribute name='p'><value>1</value></attribute><element "
         "name='b'><empty/></element>"
         "</group><group><attribute name='p'><value>2</value></attribute><element "
         "name='c'><empty/></element>"
         "</group></choice>",
         {"<a p='1'><b/></a>", "<a p='2'><c/></a>"},
         {"<a p='1'><c/></a>", "<a p='3'><b/></a>"}},
        {"<choice><element name='b'><attribute name='p'/></element><group><element "
         "name='b'><attribute name='q'/>"
         "</element><element name='c'><empty/></element></group></choice>",
         {"<a><b p=''/></a>", "<a><b q=''/><c/></a>"},
         {"<a><b q=''/></a>", "<a><b p=''/><c/></a>"}},
        {"<zeroOrMore><attribute><anyName/></attribute></"
         "zeroOrMore><zeroOrMore><element><anyName><except>"
         "<name>x</name></except></anyName><text/></element></zeroOrMore>",
         {"<a p='1' q='2'><y/></a>"},
         {"<a p='1' p='2'/>", "<a><x/></a>"}},
    };
    for (const Case& one : cases) {
        const auto grammar = compile(startOf(one.content));
        ASSERT_TRUE(grammar) << grammar.error();
        Acceptor acceptor(*grammar);
        for (const std::string& document : one.accepted)
            EXPECT_TRUE(accepts(acceptor, document)) << document << " by " << one.content;
        for (const std::string& document : one.left)
            EXPECT_FALSE(accepts(acceptor, document)) << document << " by " << one.content;
        for (const std::string& document : one.accepted)
            EXPECT_TRUE(accepts(acceptor, document)) << document << " by " << one.content;
    }
}

TEST(Acceptor, doesNotTakeTheStartOfANameForTheName) {
    const auto grammar = compile(startOf("<choice><element name='cpu'><empty/></element><element "
                                         "name='cpus'><text/></element></choice>"));
    ASSERT_TRUE(grammar) << grammar.error();
    Acceptor acceptor(*grammar);
    EXPECT_TRUE(accepts(acceptor, "<a><cpu/></a>"));
    EXPECT_TRUE(accepts(acceptor, "<a><cpus>1</cpus></a>"));
    EXPECT_FALSE(accepts(acceptor, "<a><cpu>1</cpu></a>"));
    EXPECT_FALSE(accepts(acceptor, "<a><cpus>1</cpu></a>"));
}

TEST(Acceptor, includesAndOverrides) {
    const std::string library =
        fmt::format("{}<start><ref name='b'/></start><define name='b'><element name='b'><ref "
                    "name='c'/></element></define>"
                    "<define name='c'><text/></define></grammar>",
                    head);
    const auto grammar = compile(
        "<include href='l.rng'><define name='c'><empty/></define></include>", {{"l.rng", library}});
    ASSERT_TRUE(grammar) << grammar.error();
    Acceptor acceptor(*grammar);
    EXPECT_TRUE(accepts(acceptor, "<b/>"));
    EXPECT_FALSE(accepts(acceptor, "<b>x</b>"));
}

TEST(Acceptor, isOffWithAReason) {
    const std::map<std::string, std::string> reasons = {
        {"<start><externalRef href='x.rng'/></start>", "an unsupported pattern"},
        {"<start><ref name='b'/></start>", "an undefined name"},
        {"<start><element name='a'><surprise/></element></start>", "the element surprise"},
        {startOf("<data type='mystery'/>"), "the type mystery"},
        {startOf("<attribute name='p'/><attribute name='p'/>"), "one attribute twice"},
        {startOf("<text/><data type='int'/>"), "data beside"},
        {"<include href='gone.rng'/>", "no such file"},
        {"<start><element name='a'><empty/></element></start><define name='b'><ref "
         "name='b'/></define>",
         "contains itself"},
        {startOf("<attribute name='p'><choice/></attribute>"), "a choice of values without values"},
        {startOf("<list><list><data type='int'/></list></list>"),
         "an unsupported construct in a list"},
        {startOf("<list><text/></list>"), "a list"},
        {startOf("<list><oneOrMore><data type='int'/><data type='int'/></oneOrMore></list>"),
         "a repetition of several parts in a list"},
        {startOf("<list><choice><list/></choice></list>"), "a choice of parts in a list"},
        {startOf("<list><group><data type='int'/></group></list>"), "in a list"},
        {startOf("<value type='mystery'>x</value>"), "the type mystery"},
        {startOf("<value type='int' datatypeLibrary='urn:x'>1</value>"),
         "the datatype library urn:x"},
        {startOf("<data type='int' datatypeLibrary='urn:x'/>"), "the datatype library urn:x"},
        {startOf("<data type='int'><text/></data>"), "a child of data"},
        {startOf("<data type='int'><param name='mystery'>1</param></data>"),
         "the type int or its parameters"},
        {startOf("<attribute name='p'><ref name='d'/></attribute>") +
             "<define name='d'><choice><value>x</value><ref name='d'/></choice></define>",
         "contains itself"},
        {startOf("<attribute name='p'><ref name='d'/></attribute>") +
             "<define name='d'><value>x</value><value>y</value></define>",
         "a value made of several patterns"},
    };
    for (const auto& [definitions, reason] : reasons) {
        const auto grammar = compile(definitions);
        ASSERT_FALSE(grammar) << definitions;
        EXPECT_NE(grammar.error().find(reason), std::string::npos) << grammar.error();
    }
}

TEST(Acceptor, notesTypesThatItLeavesToLibxml2) {
    const auto grammar = compile(startOf("<data type='dateTime'/>"));
    ASSERT_TRUE(grammar) << grammar.error();
    EXPECT_EQ((*grammar)->notes, std::vector<std::string>{"the type dateTime"});
    Acceptor acceptor(*grammar);
    EXPECT_FALSE(accepts(acceptor, "<a>2024-01-01T00:00:00</a>"));
}

TEST(Acceptor, isOffWhereNoDocumentCouldBeAccepted) {
    const std::string nested =
        "<interleave><element name='b'><text/></element><interleave>"
        "<element name='c'><text/></element><element name='d'><text/></element>"
        "</interleave></interleave>";
    const auto needed = compile(startOf(nested));
    ASSERT_FALSE(needed);
    EXPECT_EQ(needed.error(),
              "g.rng: every document needs a construct that is left to libxml2 (an interleave "
              "in an interleave)");
    const auto possible = compile(startOf(fmt::format("<optional>{}</optional>", nested)));
    ASSERT_TRUE(possible) << possible.error();
    EXPECT_EQ((*possible)->notes, std::vector<std::string>{"an interleave in an interleave"});
    Acceptor acceptor(*possible);
    EXPECT_TRUE(accepts(acceptor, "<a/>"));
    EXPECT_FALSE(accepts(acceptor, "<a><b/><c/><d/></a>"));
}

TEST(Acceptor, memoryIsBoundedWhateverItIsFed) {
    const auto grammar = compile(
        "<start><ref name='any'/></start><define "
        "name='any'><element><anyName/><zeroOrMore><choice><attribute>"
        "<anyName/></attribute><text/><ref name='any'/></choice></zeroOrMore></element></define>");
    ASSERT_TRUE(grammar) << grammar.error();
    constexpr std::size_t limit = 1 << 20;
    Acceptor acceptor(*grammar, limit);
    const std::size_t base = acceptor.bytes();
    std::size_t accepted = 0;
    for (int i = 0; i < 20'000; ++i) {
        std::string document = fmt::format("<a><b{0} c{0}='{0}'><d{0}/></b{0}></a>", i);
        const std::size_t size = document.size();
        document.resize(size + acceptorPadding);
        accepted += acceptor.accepts({document.data(), size}) ? 1 : 0;
    }
    EXPECT_LT(acceptor.bytes(), base + 3 * limit);
    EXPECT_GT(acceptor.counts().resets, 2U);
    EXPECT_EQ(accepted, 20'000U) << "what came before decided";
}

} // namespace
} // namespace hostcompat::relaxng
