// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests which grammars can be read, and the reason if one cannot.
#include "driver/relaxng/rng_document.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <utility>

namespace hostcompat::relaxng {
namespace {

std::string grammarOf(std::string_view content) {
    return fmt::format("<grammar xmlns='http://relaxng.org/ns/structure/1.0'>{}</grammar>",
                       content);
}

TEST(RngDocument, FillsInWhatIsInherited) {
    const auto document = readRng(
        "<?xml version='1.0'?>\n<!-- c -->\n"
        "<grammar xmlns='http://relaxng.org/ns/structure/1.0' ns='urn:n' datatypeLibrary='urn:d'>"
        "<start combine='choice'><element name='a'><data type='int'/></element></start>"
        "<define name='d'><element ns='' name='b'><value datatypeLibrary=''>v</value></element>"
        "</define></grammar>");
    ASSERT_TRUE(document) << document.error();
    const auto& nodes = (*document)->nodes;
    ASSERT_EQ(nodes.size(), 7U);
    EXPECT_EQ(nodes[0].kind, RngKind::grammar);
    EXPECT_TRUE(nodes[0].hasNs);
    EXPECT_EQ(nodes[1].combine, "choice");
    EXPECT_EQ(nodes[2].name, "a");
    EXPECT_EQ(nodes[2].ns, "urn:n");
    EXPECT_FALSE(nodes[2].hasNs);
    EXPECT_EQ(nodes[3].type, "int");
    EXPECT_EQ(nodes[3].datatypeLibrary, "urn:d");
    EXPECT_EQ(nodes[1].nextSibling, 4U);
    EXPECT_EQ(nodes[5].ns, "");
    EXPECT_EQ(nodes[6].text, "v");
    EXPECT_EQ(nodes[6].datatypeLibrary, "");
}

TEST(RngDocument, ResolvesReferences) {
    const auto document =
        readRng(grammarOf("<start><value>&lt;&amp;&gt;&quot;&apos;&#65;&#x42;&#9;</value></start>"
                          "<define name='a&#66;'><empty/></define>"));
    ASSERT_TRUE(document) << document.error();
    EXPECT_EQ((*document)->nodes[2].text, "<&>\"'AB\t");
    EXPECT_EQ((*document)->nodes[3].name, "aB");
}

TEST(RngDocument, SaysWhatItDoesNotKnow) {
    const std::vector<std::pair<std::string, std::string>> cases = {
        {grammarOf("<surprise/>"), "the element surprise"},
        {grammarOf("<start name='x'/>"), "the attribute name"},
        {grammarOf("<element name=' a'/>"), "the white space in  a"},
        {grammarOf("<include href=''/>"), "the white space in "},
        {grammarOf("<start>words</start>"), "text between elements"},
        {grammarOf("<value>a<!-- c -->b</value>"), "text divided by a comment"},
        {grammarOf("<value><!-- c -->b</value>"), "text divided by a comment"},
        {grammarOf("<value>b<!-- c --></value>"), "text divided by a comment"},
        {grammarOf("<value>a<empty/></value>"), "an element inside of text content"},
        {grammarOf("<value>&unknown;</value>"), "the reference in &unknown;"},
        {grammarOf("<value>&#233;</value>"), "the reference in &#233;"},
        {grammarOf("<value>&#x;</value>"), "the reference in &#x;"},
        {grammarOf("<define name='&#1;'/>"), "the reference in &#1;"},
        {grammarOf("<start xmlns='urn:other'/>"), "the namespace urn:other"},
        {"<grammar xmlns='urn:other'/>", "the namespace urn:other"},
    };
    for (const auto& [text, reason] : cases) {
        const auto document = readRng(text);
        ASSERT_FALSE(document) << text;
        EXPECT_NE(document.error().find(reason), std::string::npos)
            << text << ": " << document.error();
    }
}

TEST(RngDocument, TakesOnlyWhatTheScannerReads) {
    for (const std::string& text :
         {std::string("<grammar/>"), std::string(), std::string("<!DOCTYPE x []>") + grammarOf(""),
          grammarOf("<rng:start xmlns:rng='http://relaxng.org/ns/structure/1.0'/>"),
          grammarOf("<start>").substr(0, 70)})
        EXPECT_FALSE(readRng(text)) << text;
}

} // namespace
} // namespace hostcompat::relaxng
