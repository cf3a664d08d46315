// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests domains that "virsh define" of libvirt 9.0 refused, and similar ones that it accepted.
#include "driver/policy/libvirt_rules.hpp"

#include <gtest/gtest.h>

namespace hostcompat::policy {

namespace {

std::string refusal(const std::string& cpu, const std::string& type = "qemu",
                    const std::string& arch = "ppc64") {
    const auto document =
        xml::DomainDocument::read("<domain type='" + type + "'><os><type arch='" + arch +
                                      "'>hvm</type></os>" + cpu + "</domain>",
                                  "g.xml");
    if (!document)
        return "not read";
    std::string reasons;
    for (const Refusal& refusal : refusedByLibvirt(document->domain())) {
        EXPECT_FALSE(refusal.reason.empty());
        EXPECT_FALSE(refusal.remedy.empty()) << refusal.reason;
        reasons += (reasons.empty() ? "" : "; ") + refusal.reason;
    }
    return reasons;
}

/// The refusal of a domain with this content in <qemu:override>.
std::string refusedOverride(const std::string& inside) {
    return refusal("<override xmlns='http://libvirt.org/schemas/domain/qemu/1.0'>" + inside +
                   "</override>");
}

std::string refusedProperty(const std::string& attributes) {
    return refusedOverride("<device alias='ua-a'><frontend><property " + attributes +
                           "/></frontend></device>");
}

TEST(LibvirtRules, TakesOverridesOfDevices) {
    for (const char* inside : {"", "<device alias=''/>", "<device alias='a'><frontend/></device>",
                               "<device alias='a'><property/></device>", "<property/>",
                               "<device alias='a'><x xmlns='urn:x'><property/></x></device>"})
        EXPECT_EQ(refusedOverride(inside), "") << inside;
    for (const char* attributes :
         {"name='driver' type='string' value=''", "name='' type='bool' value='true'",
          "name='a' type='remove'", "name='a' type='signed' value=' +5'",
          "name='a' type='signed' value='-9223372036854775808'",
          "name='a' type='unsigned' value='18446744073709551615'",
          "name='a' type='unsigned' value='08'"})
        EXPECT_EQ(refusedProperty(attributes), "") << attributes;
}

TEST(LibvirtRules, RefusesOverridesThatLibvirtRefuses) {
    EXPECT_EQ(refusedOverride("<device/>"), "libvirt refuses a <qemu:device> without an alias");
    for (const char* attributes :
         {"type='string' value='x'", "name='id' type='string' value='x'", "name='a' value='x'",
          "name='a' type='' value='x'", "name='a' type='none' value='x'", "name='a' type='string'",
          "name='a' type='remove' value='x'", "name='a' type='signed' value='0x5'",
          "name='a' type='signed' value='5 '", "name='a' type='signed' value=''",
          "name='a' type='signed' value='+-5'",
          "name='a' type='signed' value='9223372036854775808'",
          "name='a' type='unsigned' value='-5'",
          "name='a' type='unsigned' value='18446744073709551616'",
          "name='a' type='bool' value='on'"})
        EXPECT_NE(refusedProperty(attributes), "") << attributes;
}

TEST(LibvirtRules, RefusesWordsThatLibvirtDoesNotKnow) {
    for (const char* cpu :
         {"<cpu match='none'/>", "<cpu match=''><model>POWER9</model></cpu>",
          "<cpu mode='host-passthrough' match='none'/>", "<cpu check='all'/>",
          "<cpu mode='host-passthrough' check=''/>",
          "<cpu mode='custom'><model fallback='deny'>POWER9</model></cpu>",
          "<cpu><model fallback='x'/></cpu>", "<cpu mode='host-model'><model fallback='x'/></cpu>",
          "<cpu mode='host-passthrough' migratable='maybe'/>",
          "<cpu mode='host-passthrough' migratable=''/>",
          "<cpu><model>POWER9</model><feature policy='x' name='a'/></cpu>",
          "<cpu><model>POWER9</model><feature policy='' name='a'/></cpu>"})
        EXPECT_NE(refusal(cpu), "") << cpu;
    EXPECT_EQ(refusal("", "KVM"), "libvirt knows no domain type KVM");
    EXPECT_EQ(refusal("", "kvm", "ppc64el"), "libvirt knows no architecture ppc64el");
    EXPECT_NE(refusal("", "xenpv"), "");
    EXPECT_NE(refusal("", "qemu", "amd64"), "");
    EXPECT_NE(refusal("", "qemu", "PPC64"), "");
}

TEST(LibvirtRules, AVendorIdHasTwelveCharacters) {
    for (const char* id : {"short", "", "1234567890123", "12345,789012"})
        EXPECT_NE(refusal("<cpu><model vendor_id='" + std::string(id) + "'>POWER9</model></cpu>"),
                  "")
            << id;
    EXPECT_EQ(refusal("<cpu><model vendor_id='123456789012'>POWER9</model></cpu>"), "");
    EXPECT_EQ(refusal("<cpu mode='host-passthrough'><model vendor_id='short'/></cpu>"), "");
}

TEST(LibvirtRules, TheMemoryOfACellIsANumberOfAUnit) {
    const auto cell = [](const std::string& attributes) {
        return refusal("<cpu><numa><cell cpus='0' " + attributes + "/></numa></cpu>");
    };
    for (const char* memory :
         {"memory='x'", "memory=''", "memory='-1'", "memory='1 '", "memory='1' unit='furlong'",
          "memory='1' unit='KiBi'", "memory='18446744073709551615' unit='EiB'",
          "memory='1' memAccess='x'", "memory='1' discard='maybe'"})
        EXPECT_NE(cell(memory), "") << memory;
    for (const char* memory :
         {"memory='0'", "memory='1' unit='KiB'", "memory='1' unit='m'", "memory='1' unit='GB'",
          "memory='1' unit='bytes'", "memory=' +1'", "memory='1' unit=''",
          "memory='1' memAccess='shared'", "memory='1' discard='yes'"})
        EXPECT_EQ(cell(memory), "") << memory;
}

TEST(LibvirtRules, NumbersAreReadAsStrtoulReadsThem) {
    for (const char* vcpu :
         {"<vcpu>4</vcpu>", "<vcpu> 4</vcpu>", "<vcpu>\n4</vcpu>", "<vcpu>+4</vcpu>",
          "<vcpu>04</vcpu>", "<vcpu current=' 2'>4</vcpu>", "<vcpu current='+2'>4</vcpu>"})
        EXPECT_EQ(refusal(vcpu), "") << vcpu;
    for (const char* vcpu : {"<vcpu>4 </vcpu>", "<vcpu>\n4\n</vcpu>", "<vcpu> </vcpu>",
                             "<vcpu>+ 4</vcpu>", "<vcpu>0x4</vcpu>", "<vcpu>4.0</vcpu>",
                             "<vcpu current='0'>4</vcpu>", "<vcpu current='2 '>4</vcpu>"})
        EXPECT_NE(refusal(vcpu), "") << vcpu;
    const auto topology = [](const std::string& sockets) {
        return refusal("<vcpu>4</vcpu><cpu><topology sockets='" + sockets +
                       "' cores='4' threads='1'/></cpu>");
    };
    for (const char* sockets : {"1", " 1", "+1", "01"})
        EXPECT_EQ(topology(sockets), "") << sockets;
    for (const char* sockets : {"1 ", "-1", "", "4294967297"})
        EXPECT_NE(topology(sockets), "") << sockets;
}

TEST(LibvirtRules, ListsOfCpusAreReadAsLibvirtReadsThem) {
    const auto taken = [](const std::string& cpus) {
        const std::string cell = refusal("<vcpu>4</vcpu><cpu><numa><cell id='0' cpus='" + cpus +
                                         "' memory='524288'/></numa></cpu>");
        // libvirt parses lists of the host's CPUs with the same function.
        EXPECT_EQ(refusal("<vcpu cpuset='" + cpus + "'>4</vcpu>").empty(), cell.empty()) << cpus;
        return cell.empty();
    };
    for (const char* cpus : {"0-3", " 0-3", "0 - 3", "0, 1,2,3", "0-3,", "0-3,^3", "0-3,^9"})
        EXPECT_TRUE(taken(cpus)) << cpus;
    for (const char* cpus :
         {"", " ", "x", ",0-3", "^0", "3-0", "0-3,^1-2", "^0-1,0-3", "0--3", "0 1", "-1"})
        EXPECT_FALSE(taken(cpus)) << cpus;
}

TEST(LibvirtRules, PlacementIsAWord) {
    for (const char* vcpu :
         {"<vcpu placement='static'>4</vcpu>", "<vcpu placement='auto' cpuset='x'>4</vcpu>"})
        EXPECT_EQ(refusal(vcpu), "") << vcpu;
    for (const char* vcpu : {"<vcpu placement=''>4</vcpu>", "<vcpu placement='numad'>4</vcpu>"})
        EXPECT_NE(refusal(vcpu), "") << vcpu;
}

TEST(LibvirtRules, QemuRunsNothingButHvm) {
    const auto running = [](const std::string& text, const char* type) {
        const auto document = xml::DomainDocument::read("<domain type='" + std::string(type) +
                                                            "'><os><type arch='ppc64'>" + text +
                                                            "</type></os></domain>",
                                                        "g.xml");
        return refusedByLibvirt(document->domain()).empty();
    };
    EXPECT_TRUE(running("hvm", "kvm"));
    for (const char* text : {"exe", "", " hvm ", "HVM"})
        EXPECT_FALSE(running(text, "kvm")) << text;
    EXPECT_TRUE(running("exe", "lxc"));
}

TEST(LibvirtRules, QemuRefusesSomeTopologiesOnPower) {
    const auto topology = [](const std::string& attributes, const std::string& vcpus = "4",
                             const std::string& arch = "ppc64") {
        return refusal("<vcpu>" + vcpus + "</vcpu><cpu><topology " + attributes + "/></cpu>", "kvm",
                       arch);
    };
    EXPECT_NE(topology("sockets='1' dies='2' cores='2' threads='1'"), "");
    EXPECT_NE(topology("sockets='1' clusters='2' cores='2' threads='1'"), "");
    EXPECT_EQ(topology("sockets='1' dies='1' clusters='1' cores='4' threads='1'"), "");
    EXPECT_EQ(topology("sockets='1' dies='2' cores='2' threads='1'", "4", "x86_64"), "");
    EXPECT_NE(topology("sockets='1' cores='1' threads='3'", "3"), "");
    EXPECT_NE(topology("sockets='1' cores='1' threads='16'", "16"), "");
    for (const char* threads : {"1", "2", "4", "8"})
        EXPECT_EQ(topology("sockets='1' cores='1' threads='" + std::string(threads) + "'", threads),
                  "")
            << threads;
    // A domain without an arch gets the host's.
    const auto document = xml::DomainDocument::read(
        "<domain type='kvm'><os><type>hvm</type></os><cpu><cache mode='disable'/></cpu></domain>",
        "g.xml");
    EXPECT_TRUE(refusedByLibvirt(document->domain()).empty());
    EXPECT_FALSE(refusedByLibvirt(document->domain(), "ppc64le").empty());
}

TEST(LibvirtRules, CoresArePluggedWhole) {
    const std::string two = "<topology sockets='1' cores='1' threads='2'/>";
    EXPECT_NE(refusal("<vcpu current='1'>2</vcpu><cpu>" + two + "</cpu>"), "");
    EXPECT_EQ(refusal("<vcpu current='2'>2</vcpu><cpu>" + two + "</cpu>"), "");
}

TEST(LibvirtRules, AVariableOfTheEmulatorHasAName) {
    const auto variable = [](const std::string& element) {
        return refusal("<q:commandline xmlns:q='http://libvirt.org/schemas/domain/qemu/1.0'>" +
                       element + "</q:commandline>");
    };
    EXPECT_NE(variable("<q:env/>"), "");
    EXPECT_NE(variable("<q:env value='b'/>"), "");
    EXPECT_EQ(variable("<q:env name='A'/>"), "");
}

TEST(LibvirtRules, RefusesWhatDoesNotGoTogether) {
    for (const char* cpu : {"<cpu migratable='off'/>", "<cpu mode='host-model' migratable='off'/>",
                            "<cpu mode='custom' migratable='on'><model>POWER9</model></cpu>",
                            "<cpu mode='custom'><vendor>IBM</vendor></cpu>",
                            "<cpu mode='host-model'><vendor>IBM</vendor></cpu>",
                            "<cpu mode='host-passthrough'><vendor>IBM</vendor></cpu>",
                            "<cpu><feature policy='optional' name='a'/></cpu>",
                            "<cpu><model>POWER9</model><feature policy='require'/></cpu>",
                            "<cpu><model>POWER9</model><feature policy='optional' name=''/></cpu>",
                            "<cpu><model>POWER9</model><feature policy='optional' name='a'/>"
                            "<feature policy='optional' name='a'/></cpu>"})
        EXPECT_NE(refusal(cpu), "") << cpu;
}

/// The refusal of a POWER guest with a pinned mode and this <vcpu>.
std::string refusalOf(const std::string& children, const std::string& vcpu = "",
                      const std::string& rest = "") {
    const auto document = xml::DomainDocument::read(
        "<domain type='kvm' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>" + vcpu +
            "<os><type arch='ppc64le' machine='pseries'>hvm</type></os><cpu mode='host-model'>"
            "<model>power9</model>" +
            children + "</cpu>" + rest + "</domain>",
        "g.xml");
    std::string reasons;
    for (const Refusal& refusal : refusedByLibvirt(document.value().domain()))
        reasons += refusal.reason + ";";
    return reasons;
}

const std::string kTwo = "<vcpu>2</vcpu>";

TEST(LibvirtRules, RefusesWhatPowerDoesNotHave) {
    EXPECT_NE(refusalOf("<cache mode='disable'/>"), "");
    EXPECT_NE(refusalOf("<maxphysaddr mode='emulate' bits='42'/>"), "");
    EXPECT_NE(refusal("<cpu mode='host-passthrough' migratable='on'/>", "kvm"), "");
    EXPECT_EQ(refusal("<cpu mode='host-passthrough' migratable='off'/>", "kvm"), "");
    EXPECT_EQ(refusal("<cpu mode='host-passthrough' migratable='on'><cache mode='disable'/></cpu>",
                      "kvm", "x86_64"),
              "");
    // Every problem is reported.
    const std::string both = refusalOf("<cache mode='disable'/><maxphysaddr mode='passthrough'/>");
    EXPECT_NE(both.find("<cache>"), std::string::npos);
    EXPECT_NE(both.find("<maxphysaddr>"), std::string::npos);
}

TEST(LibvirtRules, CountsTheTopology) {
    EXPECT_EQ(refusalOf("<topology sockets='1' cores='2' threads='1'/>", kTwo), "");
    EXPECT_EQ(refusalOf("<topology sockets='2' dies='1' cores='1' threads='1'/>", kTwo), "");
    EXPECT_EQ(
        refusalOf("<topology sockets='1' cores='2' threads='1'/>", "<vcpu current='1'> 2</vcpu>"),
        "");
    for (const char* topology :
         {"<topology sockets='1' cores='3' threads='1'/>", "<topology cores='2' threads='1'/>",
          "<topology sockets='0' cores='2' threads='1'/>",
          "<topology sockets='a' cores='2' threads='1'/>",
          "<topology sockets='-1' cores='2' threads='1'/>",
          "<topology sockets='4294967295' cores='4294967295' threads='4294967295'/>"})
        EXPECT_NE(refusalOf(topology, kTwo), "") << topology;
    EXPECT_NE(refusalOf("<topology sockets='1' cores='2' threads='1'/>"), "");
}

TEST(LibvirtRules, CountsTheVcpus) {
    EXPECT_EQ(refusalOf("", kTwo), "");
    EXPECT_EQ(refusalOf("", "<vcpu>4096</vcpu>"), "");
    for (const char* vcpu :
         {"<vcpu>0</vcpu>", "<vcpu>a</vcpu>", "<vcpu/>", "<vcpu>-1</vcpu>",
          "<vcpu current='3'>2</vcpu>", "<vcpu current='x'>2</vcpu>", "<vcpu>4097</vcpu>"})
        EXPECT_NE(refusalOf("", vcpu), "") << vcpu;
}

TEST(LibvirtRules, FollowsTheNumaCells) {
    const auto cell = [](const std::string& id, const std::string& cpus) {
        return "<cell" + (id.empty() ? "" : " id='" + id + "'") +
               (cpus.empty() ? "" : " cpus='" + cpus + "'") + " memory='1024'/>";
    };
    const auto numa = [](const std::string& cells) { return "<numa>" + cells + "</numa>"; };
    for (const std::string& cells :
         {cell("0", "0-1"), cell("0", "0") + cell("1", "1"), cell("1", "1") + cell("0", "0"),
          cell("", "0") + cell("", "1"), cell("0", ""), cell("0", "0"), cell("0", "0-1,^1")})
        EXPECT_EQ(refusalOf(numa(cells), kTwo), "") << cells;
    for (const std::string& cells :
         {std::string(), cell("0", "0") + cell("2", "1"), cell("0", "0-1") + cell("1", "1"),
          cell("0", "0-7"), cell("0", "2"), cell("0", "0") + cell("0", "1"), cell("0", "x"),
          cell("0", "1-0"), std::string("<cell id='0' cpus='0'/>")})
        EXPECT_NE(refusalOf(numa(cells), kTwo), "") << cells;
}

TEST(LibvirtRules, WantsValuesOfArguments) {
    const std::string head = "<qemu:commandline>";
    EXPECT_NE(refusalOf("", "", head + "<qemu:arg/></qemu:commandline>"), "");
    EXPECT_EQ(refusalOf("", "", head + "<qemu:arg value='-S'/></qemu:commandline>"), "");
    EXPECT_EQ(refusalOf("", "", "<x:commandline xmlns:x='urn:x'><x:arg/></x:commandline>"), "");
}

TEST(LibvirtRules, TakesWhatLibvirtTakes) {
    for (const char* cpu :
         {"", "<cpu mode='custom'><model>POWER9</model></cpu>",
          "<cpu mode='host-passthrough'><model fallback='deny'/></cpu>",
          "<cpu mode='custom'><model fallback=''>POWER9</model></cpu>",
          "<cpu mode='host-passthrough' migratable='off'/>",
          "<cpu mode='host-passthrough' check='default'/>",
          "<cpu mode='host-model'><feature policy='optional' name='a'/></cpu>",
          "<cpu mode='host-passthrough'><feature policy='optional' name='a'/></cpu>"})
        EXPECT_EQ(refusal(cpu), "") << cpu;
    EXPECT_EQ(refusal("", "hvf", "s390x"), "");
}

} // namespace

} // namespace hostcompat::policy
