// SPDX-License-Identifier: LGPL-2.1-or-later
// Domains that "virsh define" of libvirt 9.0 refused, and neighbours that it took.
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
    const Refusal found = refusedByLibvirt(document->domain());
    EXPECT_EQ(found.reason.empty(), found.remedy.empty());
    return found.reason;
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
