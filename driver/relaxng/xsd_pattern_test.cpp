// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests that XSD's regular expressions have the same meaning here and in libxml2, and which ones
// are refused.
#include "driver/relaxng/datatype.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <libxml/xmlregexp.h>

#include <memory>
#include <string>
#include <vector>

namespace hostcompat::relaxng {
namespace {

struct RegexpDeleter {
    void operator()(xmlRegexp* regexp) const {
        xmlRegFreeRegexp(regexp);
    }
};
using Regexp = std::unique_ptr<xmlRegexp, RegexpDeleter>;

const xmlChar* libxml(const std::string& text) {
    return reinterpret_cast<const xmlChar*>(text.c_str());
}

bool matches(Expressions& expressions, Expression pattern, std::string_view text) {
    for (const char byte : text)
        pattern = expressions.derive(pattern, static_cast<unsigned char>(byte));
    return expressions.nullable(pattern);
}

const std::vector<std::string> kTexts = {
    "",       "a",       "b",       "ab",         "ba",   "aa", "aaa", "aaaa", "abab", "c",
    "-",      "a-b",     "^",       "]",          ".",    "\\", "0",   "9",    "10",   "255",
    "0x1f",   " ",       "\t",      "a b",        "A",    "Z",  "az",  "x.y",  "(a)",  "{1}",
    "a|b",    "?",       "*",       "+",          "a\nb", "\n", "kvm", "qemu", "_",    "a,b",
    "power9", "power10", "POWER10", "0x0f000006", "c3",   "[",  "~"};

TEST(XsdPattern, MeansWhatLibxml2TakesItFor) {
    const std::vector<std::string> patterns = {"a",
                                               "ab",
                                               "a|b",
                                               "(a|b)*",
                                               "a?b+",
                                               "a{2}",
                                               "a{2,}",
                                               "a{1,3}",
                                               "a{0,1}b",
                                               "[ab]",
                                               "[a-c]+",
                                               "[^a-c]+",
                                               "[a-zA-Z0-9]+",
                                               "[a\\-]+",
                                               "[-a]",
                                               "[a-]",
                                               ".",
                                               ".*",
                                               "\\.",
                                               "\\\\",
                                               "\\d+",
                                               "\\D+",
                                               "\\s",
                                               "\\S+",
                                               "\\n",
                                               "\\t",
                                               "\\(a\\)",
                                               "\\{1\\}",
                                               "a\\|b",
                                               "\\?|\\*|\\+",
                                               "\\^|\\]|\\[|\\-",
                                               "[\\^\\]]",
                                               "[\\s\\d]",
                                               "(power)[0-9]+",
                                               "0x[0-9a-f]{1,8}",
                                               "((a)(b))+",
                                               "(a|(b|c))",
                                               "",
                                               "a|",
                                               "[^\\s]+",
                                               "\\r|a",
                                               "[0-9]{1,2}(,[a-z]+)?"};
    std::size_t matched = 0;
    for (const std::string& pattern : patterns) {
        Expressions expressions;
        const auto ours = parsePattern(expressions, pattern);
        ASSERT_TRUE(ours) << pattern;
        const Regexp theirs(xmlRegexpCompile(libxml(pattern)));
        ASSERT_TRUE(theirs) << pattern;
        for (const std::string& text : kTexts) {
            const bool match = matches(expressions, *ours, text);
            EXPECT_EQ(match, xmlRegexpExec(theirs.get(), libxml(text)) == 1)
                << "'" << text << "' by '" << pattern << "'";
            matched += match ? 1 : 0;
        }
    }
    EXPECT_GT(matched, patterns.size());
}

TEST(XsdPattern, LeavesTheRest) {
    const std::vector<std::string> patterns = {"(",
                                               ")",
                                               "(a",
                                               "a)",
                                               "[",
                                               "[a",
                                               "]",
                                               "{",
                                               "}",
                                               "a{",
                                               "a{x}",
                                               "a{2",
                                               "a{3,2}",
                                               "a{2,x}",
                                               "a{20000}",
                                               "?",
                                               "*",
                                               "+",
                                               "a|*",
                                               "\\",
                                               "\\p{L}",
                                               "\\i",
                                               "\\c",
                                               "\\w",
                                               "[a-z-[b]]",
                                               "[z-a]",
                                               "[a--b]",
                                               "[[a]]",
                                               "[\\d-z]",
                                               "[\\--a]",
                                               "[a-\\]]",
                                               "[a-\xc3\xa9]",
                                               "\xc3\xa9",
                                               "[\xc3\xa9]",
                                               fmt::format("{:(>70}a{:)>70}", "", "")};
    for (const std::string& pattern : patterns) {
        Expressions expressions;
        EXPECT_FALSE(parsePattern(expressions, pattern)) << pattern;
    }
}

} // namespace
} // namespace hostcompat::relaxng
