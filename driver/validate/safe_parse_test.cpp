// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests that libxml2 is used safely: correct lines, no output, and nothing read but the given
// bytes.
#include "driver/validate/safe_parse.hpp"

#include <gtest/gtest.h>

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
    // libxml2 would report an error about the URI, but pugixml does not check it.
    const auto document = parseSafely("<a>\n<b xmlns:p='%%'/></a>", "x.xml");
    ASSERT_FALSE(document);
    EXPECT_EQ(document.error().line, 2U);
    EXPECT_EQ(document.error().reason, "'xmlns:p' declares a namespace whose name is not a URI");
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
    EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
}

/// Many elements with different names.
std::string names(int first, int count) {
    std::string bytes = "<a>";
    for (int name = first; name < first + count; ++name)
        bytes += "<n" + std::to_string(name) + "/>";
    return bytes + "</a>";
}

TEST(SafeParse, limitsTheNamesOfEachDocumentByItself) {
    for (int document = 0; document < 3; ++document) {
        EXPECT_TRUE(parseSafely(names(document * 1000, 99'900), "x.xml"));
        const auto refused = parseSafely(names(0, 100'100), "x.xml");
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().reason, "it has more than 100000 different names");
    }
}

} // namespace
} // namespace hostcompat::validate
