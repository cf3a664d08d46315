// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests what is refused before the parsers run, with line and message, and that libxml2 agrees
// about the rest.
#include "driver/input/read_file.hpp"
#include "driver/validate/safe_parse.hpp"
#include "driver/xml/well_formed.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace hostcompat::xml {
namespace {

using namespace std::string_literals;

struct Refusal {
    std::string bytes;
    std::size_t line;
    std::string reason;
};

const Refusal kRefusals[] = {
    {"", 0, "it is empty"},
    {" \n ", 2, "there is no element in it"},
    {"<!-- nothing -->\n", 2, "there is no element in it"},
    {"\xFF\xFE<\0a\0/\0>\0"s, 1, "it is UTF-16, not UTF-8"},
    {"\0<\0a\0/\0>"s, 1, "it is UTF-16, not UTF-8"},
    {"<\0\0\0a\0\0\0"s, 1, "it is UTF-32, not UTF-8"},
    {"<a>\n\xE9</a>", 2, "the byte 0xE9 is not UTF-8 there"},
    {"<a>\n\xC0\x80</a>", 2, "the byte 0xC0 is not UTF-8 there"},
    {"<a>\xED\xA0\x80</a>", 1, "the byte 0xED is not UTF-8 there"},
    {"<a>\xF4\x90\x80\x80</a>", 1, "the byte 0xF4 is not UTF-8 there"},
    {"<a>\xF8\x88\x80\x80\x80</a>", 1, "the byte 0xF8 is not UTF-8 there"},
    {"<a/>\xE2\x82", 1, "the byte 0xE2 is not UTF-8 there"},
    {"<a>\n\0</a>"s, 2, "there is a NUL byte"},
    {"<a>\x0B</a>", 1, "XML does not allow the character U+000B"},
    {"<a>\xEF\xBF\xBF</a>", 1, "XML does not allow the character U+FFFF"},
    {"<?xml version='1.1'?><a/>", 1, "it is XML 1.1, not 1.0"},
    {"<?xml version='1.0' encoding='UTF-7'?><a/>", 1, "it declares the encoding UTF-7, not UTF-8"},
    {"<?xml version='1.0' encoding=\"utf-16\"?><a/>", 1,
     "it declares the encoding utf-16, not UTF-8"},
    {"<?xml encoding='UTF-8'?><a/>", 1, "the XML declaration does not begin with a version"},
    {"<?xml version='1.0' standalone='maybe'?><a/>", 1,
     "standalone in the XML declaration is neither yes nor no"},
    {"<?xml version='1.0' extra='1'?><a/>", 1, "the XML declaration is malformed"},
    {"<?xml version='1.0'", 1, "the XML declaration is malformed"},
    {"\n<?xml version='1.0'?><a/>", 2, "there is an XML declaration that is not at the very start"},
    {"\n<!DOCTYPE a>\n<a/>", 2, "it has a DOCTYPE, which is not accepted"},
    {"<a/><!DOCTYPE a>", 1, "it has a DOCTYPE, which is not accepted"},
    {"<a><!ELEMENT a ANY></a>", 1, "'<!' begins neither a comment nor CDATA"},
    {"text", 1, "there is text before the first element"},
    {"<![CDATA[x]]>", 1, "there is CDATA outside of any element"},
    {"</a>", 1, "there is an end tag, but no element is open"},
    {"<a/>\n</a>", 2, "there is an end tag, but no element is open"},
    {"<a/>\ntext", 2, "there is text after the end of the document's element"},
    {"<a/>\n<b/>", 2, "there is a second element at the top of the document"},
    {"<a>\n<b>\n</a>", 3, "</a> was found where <b> of line 2 must be closed"},
    {"<a>\n<b>\n", 3, "it ends inside <b>, which line 2 opens"},
    {"<a>\n<b", 2, "the tag <b> is not closed"},
    {"<a></a b>", 1, "the tag </a> is not closed"},
    {"<a>\n<!-- \n", 2, "a comment is not closed"},
    {"<a>\n<!-- a\n-- b --></a>", 3, "a comment contains '--'"},
    {"<a><!-- a ---></a>", 1, "a comment contains '--'"},
    {"<a>\n<![CDATA[ ]] >\n</a>", 2, "a CDATA section is not closed"},
    {"<a>\n]]></a>", 2, "']]>' is outside of a CDATA section"},
    {"<a><?p </a>", 1, "the processing instruction 'p' is not closed"},
    {"<a><? p?></a>", 1, "a processing instruction has no valid name"},
    {"<a><?p:q r?></a>", 1, "a processing instruction has no valid name"},
    {"<a><?p+q?></a>", 1, "a processing instruction has no valid name"},
    {"<a><?XML v?></a>", 1, "there is an XML declaration that is not at the very start"},
    {"<a>1 < 2</a>", 1, "'<' does not begin a tag"},
    {"<a>\n&<b/></a>", 2, "'&' does not begin a reference"},
    {"<a>&copy;</a>", 1, "the entity '&copy;' is not defined"},
    {"<a b='&xxe;'/>", 1, "the entity '&xxe;' is not defined"},
    {"<a>&#0;</a>", 1, "a character reference names a character that XML does not allow"},
    {"<a>&#xD800;</a>", 1, "a character reference names a character that XML does not allow"},
    {"<a>&#99999999999999999999;</a>", 1,
     "a character reference names a character that XML does not allow"},
    {"<a>&#x;</a>", 1, "a character reference is malformed"},
    {"<a>&#12f;</a>", 1, "a character reference is malformed"},
    {"<a>1 <2</a>", 1, "'<' does not begin a tag"},
    {"<-a/>", 1, "'-a' is not a valid name of an element"},
    {"<a:b:c/>", 1, "'a:b:c' is not a valid name of an element"},
    {"<a: />", 1, "'a:' is not a valid name of an element"},
    {"<a -b='1'/>", 1, "'-b' is not a valid name of an attribute"},
    {"<a b/>", 1, "attribute 'b' of <a> has no value"},
    {"<a b=1/>", 1, "the value of attribute 'b' of <a> is not in quotes"},
    {"<a\n b='1/>\n<c/>", 1, "the value of attribute 'b' of <a> is not closed, or contains '<'"},
    {"<a b='1'c='2'/>", 1, "the tag <a> is malformed"},
    {"<a =''/>", 1, "the tag <a> is malformed"},
    {"<a/ >", 1, "the tag <a> is malformed"},
    {"<x>\n<a b='1' c='' b='2'/></x>", 2, "attribute 'b' of <a> is given twice"},
    {"<p:a/>", 1, "the prefix of <p:a> is not declared"},
    {"<a p:b=''/>", 1, "the prefix of attribute 'p:b' of <a> is not declared"},
    {"<x><a xmlns:p='urn:p'/><p:a/></x>", 1, "the prefix of <p:a> is not declared"},
    {"<xmlns:a/>", 1, "the prefix of <xmlns:a> is not declared"},
    {"<a xmlns:p='u' xmlns:q='u' p:b='' q:b=''/>", 1,
     "attribute 'b' of <a> is given twice, under two prefixes"},
    {"<a xmlns:p=''/>", 1, "'xmlns:p' declares an empty namespace"},
    {"<a xmlns:xmlns='u'/>", 1, "'xmlns:xmlns' declares a namespace that is reserved"},
    {"<a xmlns='p`artial'/>", 1, "'xmlns' declares a namespace whose name is not a URI"},
    {"<a xmlns:b='u&#x60;'/>", 1, "'xmlns:b' declares a namespace whose name is not a URI"},
    {"<a xmlns:xml='u'/>", 1, "'xmlns:xml' declares a namespace that is reserved"},
    {"<a xmlns='http://www.w3.org/XML/1998/namespace'/>", 1,
     "'xmlns' declares a namespace that is reserved"},
};

TEST(CheckDocument, refusesWithLineAndReason) {
    for (const Refusal& refusal : kRefusals) {
        const auto checked = checkDocument(refusal.bytes, "x.xml");
        ASSERT_FALSE(checked) << refusal.bytes;
        EXPECT_EQ(checked.error().reason, refusal.reason) << refusal.bytes;
        EXPECT_EQ(checked.error().line, refusal.line) << refusal.bytes;
        EXPECT_EQ(checked.error().kind, ErrorKind::input);
        EXPECT_EQ(checked.error().action, "parse");
        EXPECT_EQ(checked.error().subject, "x.xml");
    }
}

const std::string kAccepted[] = {
    "<a/>",
    "\xEF\xBB\xBF<a/>",
    "<?xml version='1.0'?><a/>",
    "<?xml version = \"1.0\" encoding='utf-8' standalone='no' ?>\n<!-- c --><?p?><a/>\n<!-- d --> ",
    "<a b='1' c=\"'&lt;>\">&amp;&#x10FFFF;&#9;<b />]]</a >",
    "<a><![CDATA[<&]] >]]]]></a>",
    "<a><!-- - <b> & --><?p <&>?></a>",
    "<p:a xmlns:p='urn:p' p:b='' b=''><p:c/></p:a>",
    "<a xml:lang='de'><\xC3\xA4 \xC3\xB6='\xE2\x82\xAC'/></a>",
    "<a xmlns:xml='http://www.w3.org/XML/1998/namespace'/>",
    "<x><a xmlns='urn:a' xmlns:p='urn:p' p:b=''/><a xmlns:p='urn:q' xmlns:q='urn:p' p:b='' "
    "q:b=''/></x>",
    "<a-1._/>",
    "<a\r\n\tb\n=\n'1'\n/>",
};

TEST(CheckDocument, acceptsWhatLibxml2Accepts) {
    for (const auto& document : kAccepted) {
        const auto checked = checkDocument(document, "x.xml");
        EXPECT_TRUE(checked) << document << ": "
                             << (checked ? "" : model::describe(checked.error()));
        const auto parsed = validate::parseSafely(document, "x.xml");
        EXPECT_TRUE(parsed) << document << ": " << (parsed ? "" : model::describe(parsed.error()));
    }
}

std::string nested(std::size_t depth) {
    std::string document;
    for (std::size_t i = 0; i < depth; ++i)
        document += "<a>\n";
    for (std::size_t i = 0; i < depth; ++i)
        document += "</a>";
    return document;
}

std::string withAttributes(std::size_t count) {
    std::string document = "<a";
    for (std::size_t i = 0; i < count; ++i)
        document += " a" + std::to_string(i) + "=''";
    return document + "/>";
}

std::string withNamespaces(std::size_t count) {
    std::string document;
    for (std::size_t i = 0; i < count; ++i)
        document += "<a xmlns:p" + std::to_string(i) + "='urn:p'>";
    for (std::size_t i = 0; i < count; ++i)
        document += "</a>";
    return "<x>" + document + document + "</x>";
}

TEST(CheckDocument, holdsItsLimitsExactly) {
    EXPECT_TRUE(checkDocument(nested(kMaximumDepth), "x"));
    const auto deep = checkDocument(nested(kMaximumDepth + 1), "x");
    ASSERT_FALSE(deep);
    EXPECT_EQ(deep.error().reason, "elements are nested deeper than 256");
    EXPECT_EQ(deep.error().line, 257U);

    EXPECT_TRUE(checkDocument(withAttributes(kMaximumAttributes), "x"));
    const auto wide = checkDocument(withAttributes(kMaximumAttributes + 1), "x");
    ASSERT_FALSE(wide);
    EXPECT_EQ(wide.error().reason, "<a> has more than 256 attributes");

    EXPECT_TRUE(checkDocument(withNamespaces(kMaximumNamespaces), "x"));
    const auto scoped = checkDocument(withNamespaces(kMaximumNamespaces + 1), "x");
    ASSERT_FALSE(scoped);
    EXPECT_EQ(scoped.error().reason, "more than 64 namespace declarations are in force");

    std::string large = "<a>";
    large.resize(input::kMaximumInputBytes - 4, ' ');
    large += "</a>";
    EXPECT_TRUE(checkDocument(large, "x"));
    const auto larger = checkDocument(large + " ", "x");
    ASSERT_FALSE(larger);
    EXPECT_EQ(larger.error().reason, "it is larger than 64 MiB");
}

TEST(CheckDocument, shortensLongNamesBetweenCharacters) {
    std::string name;
    for (int i = 0; i < 50; ++i)
        name += "\xC3\xA4";
    const auto checked = checkDocument("<" + name, "x");
    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().reason, "the tag <" + name.substr(0, 60) + "...> is not closed");
}

} // namespace
} // namespace hostcompat::xml
