// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests every form of input that a baseline accepts, and every one that it refuses, with its line.
#include "driver/xml/host_modes.hpp"

#include <gtest/gtest.h>

namespace hostcompat::xml {
namespace {

std::string cpu(const std::string& modes) {
    return "<cpu>\n<arch>ppc64le</arch>\n<compat source='kvm'>" + modes + "</compat>\n</cpu>";
}

std::string yes(const std::string& name) {
    return "<mode name='" + name + "' supported='yes'/>";
}

std::string capabilities(const std::string& inner) {
    return "<capabilities>\n<host>\n" + inner + "\n</host>\n</capabilities>";
}

/// The modes of each document, "unknown", or its error.
std::vector<std::string> say(const std::string& bytes) {
    std::vector<std::string> result;
    for (const auto& host : readHostModes(bytes, "in.xml")) {
        if (!host) {
            result.push_back(model::describe(host.error()));
            continue;
        }
        std::string text = host->number ? std::to_string(host->number) + ":" : "";
        if (!host->supported)
            text += "unknown";
        for (const unsigned mode : host->supported.value_or(model::ModeSet()).numbers())
            text += model::modeName(mode) + ";";
        result.push_back(text);
    }
    return result;
}

using Lines = std::vector<std::string>;

const std::string kBoth = cpu(yes("power9") + yes("power10"));

TEST(ReadHostModes, readsOneDocument) {
    EXPECT_EQ(say(capabilities(kBoth)), Lines{"power9;power10;"});
    EXPECT_EQ(say("<?xml version='1.0'?>\n<!-- a -->" + capabilities(kBoth) + "\n"),
              Lines{"power9;power10;"});
    EXPECT_EQ(say(capabilities(cpu("<mode name='power9' supported='no'/>"))), Lines{""});
}

TEST(ReadHostModes, readsACpuAlone) {
    EXPECT_EQ(say(kBoth), Lines{"power9;power10;"});
    EXPECT_EQ(say("<?xml version='1.0'?>\n" + kBoth), Lines{"power9;power10;"});
    // The character reference keeps the fast scan from reading it.
    EXPECT_EQ(say("<cpu><arch>&#112;pc64</arch><compat source='later'>" + yes("power9") +
                  "</compat></cpu>"),
              Lines{"power9;"});
}

TEST(ReadHostModes, readsSeveralDocuments) {
    EXPECT_EQ(say(capabilities(kBoth) + "\n<?xml version='1.0'?>\n" + cpu(yes("power9")) +
                  "<!-- end --><cpu/>"),
              (Lines{"1:power9;power10;", "2:power9;", "3:unknown"}));
}

TEST(ReadHostModes, saysWhereNothingIsSaid) {
    EXPECT_EQ(say(capabilities("<cpu><arch>ppc64le</arch></cpu>")), Lines{"unknown"});
    EXPECT_EQ(say("<cpu/>"), Lines{"unknown"});
}

TEST(ReadHostModes, looksOnlyWhereCompatBelongs) {
    EXPECT_EQ(say(capabilities("<x><cpu><compat source='kvm'>" + yes("power11") +
                               "</compat></cpu></x>" + kBoth)),
              Lines{"power9;power10;"});
    EXPECT_EQ(
        say(capabilities("<cpu><x><compat source='kvm'>" + yes("power11") + "</compat></x></cpu>")),
        Lines{"unknown"});
    EXPECT_EQ(
        say("<capabilities><x><host><cpu/></host></x><host>" + kBoth + "</host></capabilities>"),
        Lines{"power9;power10;"});
    EXPECT_EQ(say(capabilities("<cpu><compat source='kvm'><x>" + yes("power11") + "</x>" +
                               yes("power9") + "</compat></cpu>")),
              Lines{"power9;"});
}

TEST(ReadHostModes, keepsModesOfNewerVersions) {
    EXPECT_EQ(say(capabilities(cpu(yes("power9") + yes("power12")))), Lines{"power9;power12;"});
}

TEST(ReadHostModes, countsOnlyNoFromASourceThatIsNotBelieved) {
    for (const std::string source : {"pvr", "device-tree"}) {
        for (const std::string extra : {"", "<!-- \xc3\xa9 &amp; -->"}) {
            const std::string head = "<cpu>" + extra + "<compat source='" + source + "'>";
            const auto both = readHostModes(
                head + yes("power9") + "<mode name='power10' supported='no'/></compat></cpu>",
                "in.xml");
            ASSERT_TRUE(both.front() && both.front()->supported);
            EXPECT_TRUE(both.front()->doubtful);
            EXPECT_TRUE(both.front()->supported->empty());
            EXPECT_EQ(both.front()->refused, model::ModeSet{10});
            const auto onlyYes = readHostModes(head + yes("power9") + "</compat></cpu>", "in.xml");
            ASSERT_TRUE(onlyYes.front());
            EXPECT_TRUE(onlyYes.front()->doubtful);
            EXPECT_FALSE(onlyYes.front()->supported);
        }
    }
}

TEST(ReadHostModes, readsWhatTheFastPassLeavesTheSame) {
    for (const std::string& extra :
         {std::string("<!-- a &amp; b -->"), std::string("<a>&lt;</a>"),
          std::string("<a>\xc3\xa9</a>"), std::string("<a><![CDATA[</cpu>]]></a>"),
          std::string("<?p </cpu> ?>"), std::string("<a b='&quot;>'/>"),
          std::string("<n:a xmlns:n='urn:n'/>")})
        EXPECT_EQ(say(capabilities(extra + kBoth)), Lines{"power9;power10;"}) << extra;
}

TEST(ReadHostModes, namesWhatIsWrongWithItsLine) {
    const auto first = [](const std::string& bytes) { return say(bytes).front(); };
    EXPECT_EQ(first("<domain type='kvm'/>"),
              "in.xml:1: cannot read the capabilities document: its root is <domain> and not "
              "<capabilities>");
    EXPECT_EQ(first(capabilities(kBoth + "\n<cpu/>")).substr(0, 9), "in.xml:7:");
    EXPECT_EQ(first(capabilities(cpu(yes("power9") + "\n" + yes("power9")))).substr(0, 9),
              "in.xml:6:");
    EXPECT_EQ(first("<cpu>\n<compat>\n</compat></cpu>").substr(0, 9), "in.xml:2:");
    EXPECT_NE(first("").find("cannot parse"), std::string::npos);
    EXPECT_NE(first("<!DOCTYPE cpu><cpu/>").find("DOCTYPE"), std::string::npos);
    EXPECT_NE(first("<capabilities>\n<host>").find("in.xml:2: cannot parse"), std::string::npos);
}

TEST(ReadHostModes, namesTheBrokenOneAmongSeveral) {
    const auto lines =
        say(cpu(yes("power9")) + "\n<cpu>\n<compat/></cpu>\n" + cpu(yes("power10")) + "\n<cpu");
    ASSERT_EQ(lines.size(), 4U);
    EXPECT_EQ(lines[0], "1:power9;");
    EXPECT_EQ(lines[1].substr(0, 9), "in.xml:6:");
    EXPECT_EQ(lines[2], "3:power10;");
    EXPECT_EQ(lines[3].substr(0, 10), "in.xml:11:");
}

TEST(HostModes, AreThoseOfAPowerHostAndItsProcessor) {
    const auto supported = [](const std::string& children) {
        const auto hosts = readHostModes("<cpu>" + children +
                                             "<compat source='kvm'><mode name='power9' "
                                             "supported='yes'/><mode name='power10' "
                                             "supported='yes'/></compat></cpu>",
                                         "a.xml");
        return hosts.at(0).value().supported;
    };
    const model::ModeSet both{9, 10};
    EXPECT_EQ(supported(""), both);
    EXPECT_EQ(supported("<arch>ppc64le</arch><model>POWER10</model>"), both);
    EXPECT_EQ(supported("<arch> ppc64 </arch>"), both);
    EXPECT_EQ(supported("<model>POWER9</model>"), model::ModeSet{9});
    EXPECT_EQ(supported("<model>POWER8E</model>"), model::ModeSet());
    for (const char* arch :
         {"<arch>s390x</arch>", "<arch>ppc64<b/>x</arch>", "<arch>ppc64<!-- -->x</arch>",
          "<arch>x86_64</arch><arch>ppc64</arch>"})
        EXPECT_EQ(supported(arch), std::nullopt) << arch;
}

} // namespace
} // namespace hostcompat::xml
