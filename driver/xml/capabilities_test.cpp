// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests that <compat> is inserted without changing any other byte, in every layout of a document.
#include "driver/xml/capabilities.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace hostcompat::xml {
namespace {

const model::KnownCompat kPower9{.source = "kvm", .supported = {9}, .refused = {10, 11}};

CapabilitiesDocument parse(std::string bytes) {
    auto document = CapabilitiesDocument::read(std::move(bytes), "caps.xml");
    if (!document)
        throw std::runtime_error(model::describe(document.error()));
    return std::move(*document);
}

std::string refusal(std::string bytes) {
    auto document = CapabilitiesDocument::read(std::move(bytes), "caps.xml");
    return document ? "accepted" : model::describe(document.error());
}

constexpr const char* kPlain =
    "<capabilities>\n\n  <host>\n    <cpu>\n      <arch>ppc64le</arch>\n"
    "      <pages unit='KiB' size='64'/>\n    </cpu>\n  </host>\n</capabilities>\n";

TEST(WithCompat, isTheLastChildWithTheNeighboursIndentation) {
    EXPECT_EQ(parse(kPlain).withCompat(kPower9),
              "<capabilities>\n\n  <host>\n    <cpu>\n      <arch>ppc64le</arch>\n"
              "      <pages unit='KiB' size='64'/>\n"
              "      <compat source='kvm'>\n"
              "        <mode name='power9' supported='yes'/>\n"
              "        <mode name='power10' supported='no'/>\n"
              "        <mode name='power11' supported='no'/>\n"
              "      </compat>\n"
              "    </cpu>\n  </host>\n</capabilities>\n");
}

TEST(WithCompat, takesASlashBehindAnEmptyCpuForText) {
    const std::string before = "<capabilities><host><cpu";
    const std::string after = "/ text</host></capabilities>";
    const model::KnownCompat compat{.source = "kvm", .supported = {9}};
    EXPECT_EQ(parse(before + "/>" + after).withCompat(compat),
              before +
                  "><compat source='kvm'><mode name='power9' supported='yes'/></compat></cpu>" +
                  after);
}

TEST(WithCompat, tellsModesBeyondTheTableAndLeavesOutThoseThatAreNotTold) {
    const model::KnownCompat compat{.source = "later", .supported = {12}, .refused = {7}};
    EXPECT_NE(
        parse(kPlain).withCompat(compat).find("      <compat source='later'>\n"
                                              "        <mode name='power7' supported='no'/>\n"
                                              "        <mode name='power12' supported='yes'/>\n"
                                              "      </compat>\n"),
        std::string::npos);
}

struct Place {
    const char* name;
    std::string before; ///< everything before <compat>
    std::string inserted;
    std::string after;
};

class AnyLayout : public testing::TestWithParam<Place> {};

TEST_P(AnyLayout, changesNoOtherByteAndTwiceIsOnce) {
    const Place& place = GetParam();
    const std::string once = parse(place.before + place.after).withCompat(kPower9);
    EXPECT_EQ(once, place.before + place.inserted + place.after);
    EXPECT_EQ(parse(once).withCompat(kPower9), once);
    EXPECT_EQ(parse(once).compat()->known, kPower9);
}

std::string modes(const std::string& lead) {
    return lead + "<mode name='power9' supported='yes'/>" + lead +
           "<mode name='power10' supported='no'/>" + lead + "<mode name='power11' supported='no'/>";
}

std::string element(const std::string& lead, const std::string& step) {
    return lead + "<compat source='kvm'>" + modes(lead + step) + lead + "</compat>";
}

const std::string kFlat = "<compat source='kvm'>" + modes("") + "</compat>";

INSTANTIATE_TEST_SUITE_P(
    Documents, AnyLayout,
    testing::Values(
        Place{"one_line", "<capabilities><host><cpu><arch>ppc64</arch>", kFlat,
              "</cpu></host></capabilities>"},
        Place{"tabs", "<capabilities>\n\t<host>\n\t\t<cpu>\n\t\t\t<arch>ppc64</arch>",
              element("\n\t\t\t", "\t"), "\n\t\t</cpu>\n\t</host>\n</capabilities>"},
        Place{"crlf", "<capabilities>\r\n  <host>\r\n    <cpu>\r\n      <arch>ppc64</arch>",
              element("\r\n      ", "  "), "\r\n    </cpu>\r\n  </host>\r\n</capabilities>\r\n"},
        Place{"four_spaces", "<capabilities>\n<host>\n    <cpu>\n        <arch>ppc64</arch>",
              element("\n        ", "    "), "\n    </cpu></host></capabilities>"},
        Place{"comment_last",
              "<capabilities><host>\n<cpu>\n  <arch>ppc64</arch>\n  <!-- </cpu> -->",
              element("\n  ", "  "), "\n</cpu></host></capabilities>"},
        Place{"cdata_around",
              "<capabilities><!-- <host><cpu/></host> "
              "--><x><![CDATA[</x><host>]]></x><host>\n<cpu>\n "
              "<arch>ppc64</arch><y><![CDATA[</cpu>]]></y>",
              kFlat, "</cpu></host></capabilities>"},
        Place{"end_tag_in_attribute", "<capabilities><host><cpu a='/cpu>' b=\"/>\"><arch c='>'/>",
              kFlat, "</cpu></host></capabilities>"},
        Place{
            "compat_elsewhere",
            "<capabilities><compat>1.1</compat><host><topology><compat source='x'/></topology><cpu>"
            "<arch>ppc64</arch><topology><cpu><compat/></cpu></topology>",
            kFlat, "</cpu><cpus><cpu id='0'/></cpus></host></capabilities>"},
        Place{"byte_order_mark", "\xef\xbb\xbf<capabilities><host><cpu><vendor>\xc3\xa9</vendor>",
              kFlat, "</cpu></host></capabilities>"},
        Place{"processing_instruction",
              "<?xml version='1.0'?><?x </cpu> ?><capabilities><host><cpu><arch>ppc64</arch><?y "
              "</cpu>?>",
              kFlat, "</cpu></host></capabilities>"},
        Place{"no_child", "<capabilities>\n  <host>\n    <cpu>", element("\n      ", "  "),
              "\n    </cpu>\n  </host></capabilities>"},
        Place{"foreign_compat",
              "<capabilities><host><cpu><compat xmlns='urn:x'/><a:compat xmlns:a='y'/>", kFlat,
              "</cpu></host></capabilities>"}),
    [](const auto& chosen) { return std::string(chosen.param.name); });

TEST(WithCompat, opensAnEmptyCpu) {
    const std::string once =
        parse("<capabilities>\n <host>\n  <cpu a='b' />\n </host></capabilities>")
            .withCompat(kPower9);
    EXPECT_EQ(once, "<capabilities>\n <host>\n  <cpu a='b' >" + element("\n    ", "  ") +
                        "\n  </cpu>\n </host></capabilities>");
    EXPECT_EQ(parse(once).withCompat(kPower9), once);
    EXPECT_EQ(parse("<capabilities><host><cpu/></host></capabilities>").withCompat(kPower9),
              "<capabilities><host><cpu>" + kFlat + "</cpu></host></capabilities>");
}

TEST(WithCompat, replacesAnOlderAnswerWhereverItStands) {
    const std::string fresh = parse(kPlain).withCompat(kPower9);
    const model::KnownCompat other{.source = "pvr", .supported = model::allModes()};
    EXPECT_EQ(parse(parse(kPlain).withCompat(other)).withCompat(kPower9), fresh);
    std::string first = kPlain;
    first.insert(first.find("\n      <arch>"), "\n      <compat/>");
    EXPECT_EQ(parse(first).withCompat(kPower9), fresh);
    first.insert(first.find("\n      <pages"), "\n      <compat source='x'><cpu></cpu></compat>");
    EXPECT_EQ(parse(first).withCompat(kPower9), fresh);
}

TEST(Capabilities, tellsWhatItSays) {
    const auto plain = parse(kPlain);
    EXPECT_EQ(plain.arch(), "ppc64le");
    EXPECT_EQ(plain.model(), "");
    const auto nothing = plain.compat();
    ASSERT_TRUE(nothing.has_value());
    EXPECT_FALSE(nothing->known.has_value());
    EXPECT_NE(nothing->reason.find("caps.xml has no <compat>"), std::string::npos);
}

TEST(Capabilities, keepsModesOfANewerTable) {
    const auto compat =
        parse("<capabilities><host><cpu><compat source='kvm'><mode name='power9' "
              "supported='yes'/><mode name='power99' supported='yes'/></compat></cpu>"
              "</host></capabilities>")
            .compat();
    ASSERT_TRUE(compat.has_value() && compat->known);
    EXPECT_EQ(compat->known->supported, (model::ModeSet{9, 99}));
}

TEST(Capabilities, refusesAnAnswerThatMakesNoSense) {
    const auto why = [](const std::string& inside) {
        const auto compat =
            parse("<capabilities><host><cpu>\n" + inside + "</cpu></host></capabilities>").compat();
        return compat ? "accepted" : model::describe(compat.error());
    };
    const std::string lead = "caps.xml:2: cannot read the capabilities document: ";
    EXPECT_EQ(why("<compat/>"), lead + "<compat> has no source, or an empty one");
    EXPECT_EQ(why("<compat source=''/>"), lead + "<compat> has no source, or an empty one");
    EXPECT_EQ(why("<compat source='kvm'><mode supported='yes'/></compat>"),
              lead + "a <mode> has no name");
    EXPECT_EQ(why("<compat source='kvm'><mode name='power9' supported='maybe'/></compat>"),
              lead + "the mode power9 has supported='maybe', which is neither yes nor no");
    EXPECT_EQ(why("<compat source='kvm'><mode name='power9' supported='no'/><mode name='power9' "
                  "supported='yes'/></compat>"),
              lead + "the mode power9 appears twice");
    EXPECT_EQ(why("<compat source='kvm'/><compat source='kvm'/>"),
              "caps.xml:2: cannot read: a second <compat> in <cpu>");
}

TEST(Capabilities, refusesOtherDocuments) {
    EXPECT_EQ(refusal("<domain/>"),
              "caps.xml:1: cannot read the capabilities document: its root is <domain> and not "
              "<capabilities>");
    EXPECT_EQ(refusal("<capabilities xmlns='urn:x'><host><cpu/></host></capabilities>"),
              "caps.xml:1: cannot read the capabilities document: its root is <capabilities> in a "
              "namespace and not <capabilities>");
    EXPECT_EQ(refusal("<capabilities>\n<host/></capabilities>"),
              "caps.xml:2: cannot read the capabilities document: <host> has no <cpu>");
    EXPECT_EQ(refusal("<capabilities/>"),
              "caps.xml:1: cannot read the capabilities document: <capabilities> has no <host>");
    EXPECT_EQ(refusal("<capabilities><host><cpu/>\n<cpu/></host></capabilities>"),
              "caps.xml:2: cannot read: a second <cpu> in <host>");
    EXPECT_NE(refusal("<!DOCTYPE x><capabilities/>").find("DOCTYPE"), std::string::npos);
}

TEST(RenderCapabilities, escapesAndCounts) {
    const std::vector<model::NumaNode> nodes{
        {.id = 0,
         .memory = 1024,
         .cpus = {{0, 0, 0, "0-1"}, {1, 0, 0, "0-1"}, {2, 0, 8, "2-3"}, {3, 0, 8, "2-3"}}}};
    const std::string text = renderCapabilities({.arch = "a<b", .model = "POWER10"}, nodes);
    EXPECT_NE(text.find("<arch>a&lt;b</arch>"), std::string::npos);
    EXPECT_NE(text.find("      <topology sockets='1' dies='1' cores='2' threads='2'/>\n"),
              std::string::npos);
    EXPECT_NE(text.find("<cells num='1'>"), std::string::npos);
    EXPECT_NE(text.find("<cpu id='3'/>"), std::string::npos);
    EXPECT_EQ(parse(text).model(), "POWER10");
}

struct Counted {
    const char* what;
    std::vector<model::NumaNode> nodes;
    const char* topology;
};

class RenderedTopology : public testing::TestWithParam<Counted> {};

TEST_P(RenderedTopology, isLibvirts) {
    const std::string text = renderCapabilities({.arch = "ppc64le"}, GetParam().nodes);
    EXPECT_NE(text.find(GetParam().topology), std::string::npos) << GetParam().what << "\n" << text;
}

// xml-tests/consumers/topology_test.py asks libvirt itself about such hosts.
INSTANTIATE_TEST_SUITE_P(
    Hosts, RenderedTopology,
    testing::Values(
        Counted{"two nodes without package ids, whose cores have numbers of their own",
                {{.id = 0, .cpus = {{0, 0, 0, "0-1"}, {1, 0, 0, "0-1"}}},
                 {.id = 1, .cpus = {{2, 0, 1, "2-3"}, {3, 0, 1, "2-3"}}}},
                "<topology sockets='1' dies='1' cores='1' threads='2'/>"},
        Counted{
            "two sockets in one node",
            {{.id = 0, .cpus = {{0, 0, 0, "0"}, {1, 0, 1, "1"}, {2, 8, 2, "2"}, {3, 8, 3, "3"}}}},
            "<topology sockets='2' dies='1' cores='2' threads='1'/>"},
        Counted{"a node with memory alone",
                {{.id = 0, .cpus = {{0, 0, 0, "0-1"}, {1, 0, 0, "0-1"}}}, {.id = 8, .memory = 1}},
                "<topology sockets='1' dies='1' cores='2' threads='1'/>"},
        Counted{"nodes that do not have as many",
                {{.id = 0, .cpus = {{0, 0, 0, "0"}, {1, 0, 1, "1"}}},
                 {.id = 1, .cpus = {{2, 1, 2, "2"}}}},
                "<topology sockets='1' dies='1' cores='3' threads='1'/>"},
        Counted{"threads that are offline",
                {{.id = 0, .cpus = {{0, 0, 0, "0"}, {8, 0, 8, "8"}}, .offline = 14}},
                "<topology sockets='1' dies='1' cores='16' threads='1'/>"}));

} // namespace
} // namespace hostcompat::xml
