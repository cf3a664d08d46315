// SPDX-License-Identifier: LGPL-2.1-or-later
// libxml2 is used safely: true lines, no printing, no growth, nothing read but the bytes given.
#include "driver/validate/safe_parse.hpp"

#include <gtest/gtest.h>
#include <libxml/dict.h>

#include <string>

namespace hostcompat::validate {
namespace {

const xmlNode* child(const xmlNode* parent, int index) {
    const xmlNode* node = parent->children;
    for (; node; node = node->next)
        if (node->type == XML_ELEMENT_NODE && index-- == 0)
            return node;
    return nullptr;
}

TEST(SafeParse, givesATree) {
    const auto document = parseSafely("<a b='&lt;'>\xC3\xA4<c/></a>", "x.xml");
    ASSERT_TRUE(document);
    const xmlNode* root = xmlDocGetRootElement(document->get());
    EXPECT_EQ(std::string(reinterpret_cast<const char*>(root->name)), "a");
    ASSERT_NE(child(root, 0), nullptr);
    EXPECT_EQ(child(root, 1), nullptr);
}

TEST(SafeParse, countsLinesFromTheStartOfATag) {
    const auto document = parseSafely("<a\n b=''\n c=''>\n  <d\n/><e/>\r\n<f/></a>", "x.xml");
    ASSERT_TRUE(document);
    const xmlNode* root = xmlDocGetRootElement(document->get());
    EXPECT_EQ(lineOf(root), 1U);
    EXPECT_EQ(lineOf(child(root, 0)), 4U);
    EXPECT_EQ(lineOf(child(root, 1)), 5U);
    EXPECT_EQ(lineOf(child(root, 2)), 6U);
    EXPECT_EQ(lineOf(root->children), 1U) << "text has the line of the element around it";
    EXPECT_EQ(lineOf(nullptr), 0U);
}

TEST(SafeParse, countsLinesBeyond65535) {
    std::string bytes = "<a>";
    for (int line = 1; line < 200000; ++line)
        bytes += line % 2 ? "<b/>\n" : "<b\n>\n</b>";
    const auto document = parseSafely(bytes, "x.xml");
    ASSERT_FALSE(document);
    EXPECT_EQ(document.error().line, 1 + 100000 + 2 * 99999);
    EXPECT_EQ(document.error().reason, "it ends inside <a>, which line 1 opens");

    const auto whole = parseSafely(bytes + "<c/></a>", "x.xml");
    ASSERT_TRUE(whole);
    const xmlNode* last = xmlDocGetRootElement(whole->get())->last;
    EXPECT_EQ(lineOf(last), 1U + 100000 + 2 * 99999);
}

TEST(SafeParse, keepsLibxml2Silent) {
    testing::internal::CaptureStderr();
    testing::internal::CaptureStdout();
    EXPECT_FALSE(parseSafely("<a><b></a>", "x.xml"));
    // libxml2 would complain about the URI, and pugixml would not look at it.
    const auto document = parseSafely("<a>\n<b xmlns:p='%%'/></a>", "x.xml");
    ASSERT_FALSE(document);
    EXPECT_EQ(document.error().line, 2U);
    EXPECT_EQ(document.error().reason, "'xmlns:p' declares a namespace whose name is not a URI");
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
    EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
}

TEST(SafeParser, goesOnAfterARefusal) {
    SafeParser parser;
    for (int round = 0; round < 3; ++round) {
        EXPECT_FALSE(parser.parse("<a>\n<b xmlns:p='%%'/><", "x.xml"));
        EXPECT_FALSE(parser.parse("<!DOCTYPE a><a/>", "x.xml"));
        const auto document = parser.parse("<a>\n<b/></a>", "x.xml");
        ASSERT_TRUE(document);
        EXPECT_EQ(lineOf(child(xmlDocGetRootElement(document->get()), 0)), 2U);
    }
}

TEST(SafeParser, forgetsNamesBeforeTheyPileUp) {
    SafeParser parser;
    int largest = 0;
    for (int document = 0; document < 200; ++document) {
        std::string bytes = "<a>";
        for (int name = 0; name < 1000; ++name)
            bytes += "<n" + std::to_string(document * 1000 + name) + "/>";
        const auto parsed = parser.parse(bytes + "</a>", "x.xml");
        ASSERT_TRUE(parsed);
        largest = std::max(largest, xmlDictSize((*parsed)->dict));
    }
    EXPECT_GT(largest, 1000);
    EXPECT_LT(largest, 12000);
}

TEST(SafeParser, leavesDocumentsThatOutliveIt) {
    XmlDocument kept;
    {
        SafeParser parser;
        auto document = parser.parse("<outliving/>", "x.xml");
        ASSERT_TRUE(document);
        kept = std::move(*document);
    }
    const xmlNode* root = xmlDocGetRootElement(kept.get());
    EXPECT_EQ(std::string(reinterpret_cast<const char*>(root->name)), "outliving");
}

} // namespace
} // namespace hostcompat::validate
