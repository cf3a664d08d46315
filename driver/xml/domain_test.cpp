// SPDX-License-Identifier: LGPL-2.1-or-later
// Domains are read as libvirt reads them, and what is no domain is named with its line.
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

} // namespace
} // namespace hostcompat::xml
