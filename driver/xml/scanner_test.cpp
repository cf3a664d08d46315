// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests that what the scanner accepts is well formed for libxml2 and has the same content there.
#include "driver/xml/scanner.hpp"

#include <gtest/gtest.h>
#include <libxml/parser.h>
#include <libxml/tree.h>

#include <array>
#include <memory>
#include <random>
#include <string>

namespace hostcompat::xml {
namespace {

/// Records the events. White space alone is not reported, and adjoining texts are separated by
/// comments.
struct Recorder {
    std::string document;
    std::string events;

    bool startElement(std::string_view name, std::size_t begin) {
        EXPECT_EQ(document.at(begin), '<');
        events += "<" + std::string(name);
        return true;
    }
    bool attribute(std::string_view name, std::string_view value) {
        events += " " + std::string(name) + "='" + std::string(value) + "'";
        return true;
    }
    bool startTagEnd(std::size_t end, bool) {
        EXPECT_EQ(document.at(end - 1), '>');
        events += ">";
        return true;
    }
    bool text(std::string_view text) {
        events += "[" + std::string(text) + "]";
        return true;
    }
    bool endElement(std::string_view name, std::size_t, std::size_t end) {
        EXPECT_EQ(document.at(end - 1), '>');
        events += "</" + std::string(name) + ">";
        return true;
    }
};

Scan scanned(const std::string& document, std::string& events) {
    Recorder recorder{document, ""};
    const ScanResult result = scan(document, recorder);
    events = recorder.events;
    return result.outcome;
}

std::string textOf(xmlChar* text) {
    std::string result = text ? reinterpret_cast<const char*>(text) : "";
    xmlFree(text);
    return result;
}

void walk(xmlNode* node, std::string& events) {
    const std::string name = reinterpret_cast<const char*>(node->name);
    events += "<" + name;
    for (xmlAttr* a = node->properties; a != nullptr; a = a->next)
        events += " " + std::string(reinterpret_cast<const char*>(a->name)) + "='" +
                  textOf(xmlNodeListGetString(node->doc, a->children, 1)) + "'";
    events += ">";
    for (xmlNode* child = node->children; child != nullptr; child = child->next) {
        if (child->type == XML_ELEMENT_NODE)
            walk(child, events);
        else if (child->type == XML_TEXT_NODE && xmlIsBlankNode(child) == 0)
            events += "[" + textOf(xmlNodeGetContent(child)) + "]";
    }
    events += "</" + name + ">";
}

/// The same events from libxml2; "refused" if the document is not well formed.
std::string judged(const std::string& document) {
    const std::unique_ptr<xmlDoc, decltype(&xmlFreeDoc)> tree(
        xmlReadMemory(document.data(), static_cast<int>(document.size()), "d.xml", nullptr,
                      XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_NONET),
        &xmlFreeDoc);
    if (!tree)
        return "refused";
    std::string events;
    walk(xmlDocGetRootElement(tree.get()), events);
    return events;
}

const std::array<std::string, 6> plain = {
    "<a/>",
    "<?xml version='1.0' encoding='UTF-8'?>\n<!-- c -->\n<a b='1' c=\"it's\"> <b>text -\n</b "
    "><c\n/></a>\n<!-- d -->",
    "<capabilities>\n  <host>\n    <cpu>\n      <arch>ppc64le</arch>\n      <model>POWER9</model>\n"
    "      <topology sockets='1' dies='1' cores='8' threads='4'/>\n    </cpu>\n  "
    "</host>\n</capabilities>\n",
    "<a>\n  one <!-- two --> three <b x='>'/> four\n</a>",
    "<_a.b-c d.e-f_0=' '\n g = \"\"><h></h></_a.b-c>",
    "<a><b><c><d>1</d></c><c/></b><!----></a>   ",
};

TEST(Scanner, tellsThePlainAsLibxml2Does) {
    for (const std::string& document : plain) {
        std::string events;
        EXPECT_EQ(scanned(document, events), Scan::complete) << document;
        EXPECT_EQ(events, judged(document));
    }
}

TEST(Scanner, doesNotKnowTheRest) {
    for (const std::string document : {"",
                                       " ",
                                       "a",
                                       "<",
                                       "</a>",
                                       "<a>",
                                       "<a></b>",
                                       "<a/><b/>",
                                       "<a/>x",
                                       "<!DOCTYPE a><a/>",
                                       "<a><![CDATA[x]]></a>",
                                       "<a><?p x?></a>",
                                       "<a>&amp;</a>",
                                       "<a b='&lt;'/>",
                                       "<a b='<'/>",
                                       "<a b='1' b='2'/>",
                                       "<a xmlns='u'/>",
                                       "<a x:b='1'/>",
                                       "<x:a/>",
                                       "<a>\xc3\xa9</a>",
                                       "<a b='1'c='2'/>",
                                       "<a b=1/>",
                                       "<a b/>",
                                       "<a>]]></a>",
                                       "<a><!-- -- --></a>",
                                       "<a><!-- x -></a>",
                                       "<?xml version='1.1'?><a/>",
                                       "<?xml version='1.0' encoding='latin1'?><a/>",
                                       "<?xml encoding='UTF-8'?><a/>",
                                       " <?xml version='1.0'?><a/>",
                                       "<a b='x\ty'/>",
                                       "<a>x\ry</a>",
                                       "<a>\rx</a>",
                                       "<a b='1' / >",
                                       "<1/>",
                                       "< a/>",
                                       "<a\x01/>",
                                       "<a>\x7f</a>"}) {
        std::string events;
        EXPECT_EQ(scanned(document, events), Scan::unknown) << document;
    }
    std::string events;
    EXPECT_EQ(scanned(std::string("<a>\0</a>", 8), events), Scan::unknown);
}

TEST(Scanner, boundsDepthAttributesAndRuns) {
    const auto nested = [](std::size_t depth) {
        std::string document;
        for (std::size_t i = 0; i < depth; ++i)
            document += "<a>";
        for (std::size_t i = 0; i < depth; ++i)
            document += "</a>";
        return document;
    };
    std::string events;
    EXPECT_EQ(scanned(nested(scanMaxDepth), events), Scan::complete);
    EXPECT_EQ(events, judged(nested(scanMaxDepth)));
    EXPECT_EQ(scanned(nested(scanMaxDepth + 1), events), Scan::unknown);
    std::string wide = "<a";
    for (std::size_t i = 0; i < scanMaxAttributes; ++i)
        wide += " a" + std::to_string(i) + "=''";
    EXPECT_EQ(scanned(wide + "/>", events), Scan::complete);
    EXPECT_EQ(scanned(wide + " b=''/>", events), Scan::unknown);
    EXPECT_EQ(scanned("<a>" + std::string(scanMaxRun, 'x') + "</a>", events), Scan::complete);
    EXPECT_EQ(scanned("<a>" + std::string(scanMaxRun + 1, 'x') + "</a>", events), Scan::unknown);
}

TEST(Scanner, stopsWhenTold) {
    struct {
        std::size_t begin = 0;
        bool startElement(std::string_view name, std::size_t at) {
            begin = at;
            return name != "b";
        }
    } handler;
    EXPECT_EQ(scan("<a> <b></a>", handler).outcome, Scan::stopped);
    EXPECT_EQ(handler.begin, 4U);
}

TEST(Scanner, mutatedDocumentsThatItAcceptsAreTheSameInLibxml2) {
    std::mt19937 random(20240229);
    const std::string alphabet = "<>/='\"!-?&; \n\tab:x]\r\xc3\x01";
    std::size_t accepted = 0;
    for (int round = 0; round < 60'000; ++round) {
        std::string document = plain[random() % plain.size()];
        for (std::size_t edits = 1 + random() % 3; edits > 0 && !document.empty(); --edits) {
            const std::size_t at = random() % document.size();
            const std::size_t length = std::min<std::size_t>(random() % 12, document.size() - at);
            switch (random() % 4) {
            case 0:
                document[at] = alphabet[random() % alphabet.size()];
                break;
            case 1:
                document.insert(at, 1, alphabet[random() % alphabet.size()]);
                break;
            case 2:
                document.erase(at, length);
                break;
            default:
                document.insert(random() % document.size(), document.substr(at, length));
            }
        }
        std::string events;
        if (scanned(document, events) != Scan::complete)
            continue;
        ++accepted;
        ASSERT_EQ(events, judged(document)) << document;
    }
    EXPECT_GT(accepted, 5'000U);
}

} // namespace
} // namespace hostcompat::xml
