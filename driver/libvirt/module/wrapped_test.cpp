// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests which documents and CPUs the module changes or refuses.
#include "driver/libvirt/module/wrapped.hpp"

#include <gtest/gtest.h>

namespace {

using namespace hostcompat;
using namespace hostcompat::libvirt;
using namespace hostcompat::libvirt::module;

model::KnownCompat power9Only() {
    return {.source = "kvm", .supported = {9}, .refused = {8, 10, 11}};
}

TEST(ConcernsHost, OnlyQemuHereUnlessThereIsARecord) {
    const Answer own;
    const Answer recorded{.recorded = true};
    EXPECT_TRUE(concernsHost("qemu:///system", own));
    EXPECT_FALSE(concernsHost("lxc:///system", own));
    EXPECT_FALSE(concernsHost("test:///default", own));
    EXPECT_TRUE(concernsHost("test:///default", recorded));
    for (const Answer& answer : {own, recorded}) {
        EXPECT_FALSE(concernsHost("qemu+ssh://other/system", answer));
        EXPECT_FALSE(concernsHost("qemu+unix:///system?socket=/run/x", answer));
        EXPECT_FALSE(concernsHost("", answer));
    }
}

TEST(WithCompat, AddsTheElementAndNothingElse) {
    const std::string head = "<capabilities>\n\n  <host>\n    <cpu>\n      <arch>ppc64le</arch>\n";
    const std::string tail = "    </cpu>\n  </host>\n</capabilities>\n";
    const auto document = withCompat(head + tail, power9Only());
    ASSERT_TRUE(document) << model::describe(document.error());
    EXPECT_TRUE(document->starts_with(head + "      <compat source='kvm'>\n")) << *document;
    EXPECT_TRUE(document->ends_with("      </compat>\n" + tail)) << *document;
}

TEST(WithCompat, RefusesADocumentOfContainers) {
    const auto document = withCompat("<capabilities><host/></capabilities>", power9Only());
    ASSERT_FALSE(document);
    EXPECT_NE(model::describe(document.error()).find("<host> has no <cpu>"), std::string::npos)
        << model::describe(document.error());
}

TEST(RefusedMode, IsTheModeThatKvmDoesNotHave) {
    EXPECT_EQ(refusedMode("<cpu mode='host-model'><model>power10</model></cpu>", power9Only()),
              "power10");
    EXPECT_EQ(refusedMode("<?xml version='1.0'?>\n<cpu match='exact' mode='host-model'>\n"
                          "  <model fallback='forbid'> power11 </model></cpu>",
                          power9Only()),
              "power11");
}

TEST(RefusedMode, LeavesEverythingElseToLibvirt) {
    for (const char* cpu : {
             "<cpu mode='host-model'><model>power9</model></cpu>",
             "<cpu mode='host-model'><model>power42</model></cpu>",
             "<cpu mode='host-model'><model>POWER10</model></cpu>",
             "<cpu mode='host-model'/>",
             "<cpu mode='custom'><model>power10</model></cpu>",
             "<cpu><arch>ppc64le</arch><model>POWER10</model></cpu>",
             "<domain><cpu mode='host-model'><model>power10</model></cpu></domain>",
             "<cpu mode='host-model'><model>power10</model><model>power9</model></cpu>",
             "<cpu mode='host-model'><model>power10</model>",
             "",
         })
        EXPECT_EQ(refusedMode(cpu, power9Only()), "") << cpu;
}

TEST(ConcernsPowerKvm, IsOnlyAboutKvmOnPower) {
    EXPECT_TRUE(concernsPowerKvm({}));
    EXPECT_TRUE(concernsPowerKvm({.arch = "ppc64le", .virtType = "kvm"}));
    EXPECT_TRUE(concernsPowerKvm({.arch = "ppc64"}));
    EXPECT_FALSE(concernsPowerKvm({.arch = "x86_64", .virtType = "kvm"}));
    EXPECT_FALSE(concernsPowerKvm({.arch = "ppc64le", .virtType = "qemu"}));
}

} // namespace
