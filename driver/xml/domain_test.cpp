// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests that domains are read as libvirt reads them, and that other documents are refused with
// their line.
#include "driver/xml/domain.hpp"

#include <gtest/gtest.h>

namespace hostcompat::xml {
namespace {

Domain parse(const std::string& cpu) {
    auto document =
        DomainDocument::read("<domain type='kvm'><name>g</name><os><type arch='ppc64le' "
                             "machine='pseries-7.2'>hvm</type></os>" +
                                 cpu + "</domain>",
                             "g.xml");
    if (!document)
        throw std::runtime_error(model::describe(document.error()));
    return document->domain();
}

std::string refusal(std::string bytes) {
    const auto document = DomainDocument::read(std::move(bytes), "g.xml");
    return document ? "accepted" : model::describe(document.error());
}

TEST(Domain, isReadWithItsHead) {
    const Domain domain = parse("");
    EXPECT_EQ(domain.name, "g");
    EXPECT_EQ(domain.type, DomainType::kvm);
    EXPECT_EQ(domain.arch, "ppc64le");
    EXPECT_EQ(domain.machine, "pseries-7.2");
    EXPECT_EQ(domain.cpu.mode, CpuMode::none);
}

TEST(Domain, isReadWithItsCpu) {
    const Domain domain =
        parse("<cpu mode='host-model' match='exact' check='partial'>"
              "<model fallback='forbid'>pow<!-- -->er<![CDATA[9]]></model><topology/></cpu>");
    EXPECT_EQ(domain.cpu.mode, CpuMode::hostModel);
    EXPECT_EQ(domain.cpu.model, "power9");
    EXPECT_EQ(domain.cpu.match, "exact");
    EXPECT_EQ(domain.cpu.check, "partial");
    EXPECT_EQ(domain.cpu.fallback, "forbid");
}

TEST(Domain, keepsTheWhiteSpaceThatLibvirtKeeps) {
    EXPECT_EQ(parse("<cpu mode='host-model'><model>\n power9 </model></cpu>").cpu.model,
              "\n power9 ");
    EXPECT_EQ(parse("<cpu mode='host-model'><model> \n</model></cpu>").cpu.model, " \n");
}

TEST(Domain, readsTheTextOfElementsInTheModelAsLibvirtDoes) {
    EXPECT_EQ(
        parse("<cpu mode='host-model'><model>po<x>we<y>r</y></x>9<z/></model></cpu>").cpu.model,
        "power9");
}

TEST(Domain, hasNoCustomCpuWithoutAModel) {
    EXPECT_EQ(parse("<cpu><topology sockets='1'/></cpu>").cpu.mode, CpuMode::none);
    EXPECT_EQ(parse("<cpu mode='custom'/>").cpu.mode, CpuMode::none);
    EXPECT_EQ(parse("<cpu><model>POWER9</model></cpu>").cpu.mode, CpuMode::custom);
    EXPECT_EQ(parse("<cpu mode='host'/>").cpu.mode, CpuMode::other);
}

TEST(Domain, passesOverOtherNamespaces) {
    EXPECT_EQ(parse("<cpu xmlns='urn:x' mode='maximum'/><x:cpu xmlns:x='urn:x'/>").cpu.mode,
              CpuMode::none);
}

TEST(Domain, isRefusedWithTheLine) {
    EXPECT_EQ(
        refusal("<capabilities>\n</capabilities>"),
        "g.xml:1: cannot read the domain document: its root is <capabilities> and not <domain>; "
        "name a capabilities document with --host");
    EXPECT_EQ(refusal("<domain>\n</domain>"),
              "g.xml:1: cannot read the domain document: <domain> has no "
              "attribute type (kvm or qemu)");
    EXPECT_EQ(
        refusal("<domain type='kvm'>\n<os/></domain>"),
        "g.xml:2: cannot read the domain document: the domain has no <os><type>, which names its "
        "architecture and machine");
    EXPECT_EQ(refusal("<domain type='kvm'><os><type/></os>\n<cpu/>\n<cpu/></domain>"),
              "g.xml:3: cannot read: a second <cpu> in <domain>");
    EXPECT_EQ(
        refusal("<domain type='kvm'><os><type/></os>\n<cpu><model/>\n<model/></cpu></domain>"),
        "g.xml:3: cannot read: a second <model> in <cpu>");
    EXPECT_NE(refusal("<!DOCTYPE domain><domain/>").find("DOCTYPE"), std::string::npos);
    EXPECT_NE(refusal("<domain type='kvm'>\n<os>").find("g.xml:2: cannot parse"),
              std::string::npos);
}

const std::string kDomain =
    "<domain type='kvm'>\n<name>g</name><os><type arch='ppc64le'>hvm</type></os></domain>";

TEST(ReadDomains, TakesWhatLibvirtKeepsThemIn) {
    for (const char* element : {"domstatus", "domainsnapshot", "domaincheckpoint"}) {
        const std::string name = element;
        const auto domains = readDomains("<?xml version='1.0'?>\n<!-- x -->\n<" + name +
                                             " a='b'>\n" + kDomain + "</" + name + ">\n",
                                         "a.xml");
        ASSERT_EQ(domains.size(), 1U);
        ASSERT_TRUE(domains[0].document) << model::describe(domains[0].document.error());
        EXPECT_EQ(domains[0].name, "a.xml");
        EXPECT_EQ(domains[0].document->domain().name, "g");
    }
    std::string inactive = kDomain;
    inactive.replace(inactive.find("<domain "), 8, "<inactiveDomain ");
    inactive.replace(inactive.find("</domain>"), 9, "</inactiveDomain>");
    inactive.replace(inactive.find(">g<"), 3, ">h<");
    const auto two =
        readDomains("<domainsnapshot>" + kDomain + inactive + "</domainsnapshot>", "a");
    ASSERT_EQ(two.size(), 2U);
    EXPECT_EQ(two[1].name, "a (inactive)");
    EXPECT_EQ(two[1].document.value().domain().name, "h");
    const auto none = readDomains("\n<domstatus><x/></domstatus>", "a");
    ASSERT_EQ(none.size(), 1U);
    ASSERT_FALSE(none[0].document);
    EXPECT_EQ(none[0].document.error().reason, "<domstatus> has no <domain>");
    EXPECT_EQ(none[0].document.error().line, 2U);
}

TEST(ReadDomains, TakesSeveral) {
    const auto domains =
        readDomains("<?xml version='1.0' encoding='UTF-8'?>\n" + kDomain +
                        "\n<?xml version='1.0'?>" + kDomain + "\n<domain type='kvm'>\n</domain>",
                    "a.xml");
    ASSERT_EQ(domains.size(), 3U);
    EXPECT_EQ(domains[0].name, "a.xml (document 1)");
    EXPECT_TRUE(domains[1].document);
    ASSERT_FALSE(domains[2].document);
    EXPECT_EQ(domains[2].document.error().line, 6U);
    EXPECT_EQ(domains[2].document.error().subject, "a.xml (document 3)");
}

TEST(ReadDomains, TakesTheHeadOfASaveImage) {
    const auto image = [](const std::string& mark) {
        return mark + std::string(92 - mark.size(), '\2') + kDomain + std::string(1, '\0') +
               "<cookie/>\0\xff\xfe";
    };
    for (const char* mark : {"LibvirtQemudSave", "LibvirtQemudPart"}) {
        const auto domains = readDomains(image(mark), "g.save");
        ASSERT_EQ(domains.size(), 1U);
        ASSERT_TRUE(domains[0].document) << model::describe(domains[0].document.error());
        EXPECT_EQ(domains[0].document->domain().name, "g");
    }
    EXPECT_FALSE(readDomains(image("LibvirtQemudXXXX"), "g.save")[0].document);
    EXPECT_FALSE(readDomains("LibvirtQemudSave", "g.save")[0].document);
}

TEST(ReadDomains, SaysWhatElseItIs) {
    const auto reason = [](const std::string& text) {
        return readDomains(text, "a.xml").at(0).document.error().reason;
    };
    EXPECT_NE(reason("<capabilities/>").find("--host"), std::string::npos);
    EXPECT_NE(reason("<domainCapabilities/>").find("describe a host's QEMU"), std::string::npos);
    EXPECT_NE(reason("<domain xmlns='urn:x' type='kvm'/>").find("namespace"), std::string::npos);
    EXPECT_EQ(reason(""), "it is empty");
}

} // namespace
} // namespace hostcompat::xml
