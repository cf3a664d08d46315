// SPDX-License-Identifier: LGPL-2.1-or-later
// When the hook decides, and what it refuses.
#include "driver/input/managed_file.hpp"
#include "driver/libvirt/start_hook.hpp"

#include <gtest/gtest.h>

namespace {

using namespace hostcompat;
using namespace hostcompat::libvirt;

std::string domain(const std::string& cpu, const std::string& type = "kvm") {
    return "<domain type='" + type +
           "'><name>guest</name><os><type arch='ppc64le' machine='pseries'>hvm</type></os>" + cpu +
           "</domain>";
}

policy::PolicyHost power10InPower9Mode() {
    return policy::policyHost(
        model::HostRecord{.host = {.arch = "ppc64le",
                                   .platform = model::Platform::pseries,
                                   .pvr = 0x00800200,
                                   .model = "POWER10",
                                   .effectiveMode = "power9",
                                   .kernel = "7.3"},
                          .compat = {.known = model::KnownCompat{.source = "kvm",
                                                                 .supported = {9},
                                                                 .refused = {8, 10, 11}}}},
        "this host");
}

TEST(HookDecides, OnlyWhereAGuestIsAboutToRun) {
    for (const char* operation : {"prepare", "migrate", "restore"}) {
        EXPECT_TRUE(hookDecides(operation, "begin")) << operation;
        EXPECT_FALSE(hookDecides(operation, "end")) << operation;
    }
    for (const char* operation : {"reconnect", "start", "started", "stopped", "release", "attach",
                                  "prepare2", "PREPARE", ""})
        EXPECT_FALSE(hookDecides(operation, "begin")) << operation;
}

TEST(HookRefusal, RefusesWhatKvmRefuses) {
    const std::string sentence = hookRefusal(
        domain("<cpu mode='host-model'><model>power10</model></cpu>"), power10InPower9Mode());
    EXPECT_TRUE(sentence.starts_with("cannot start the guest guest: ")) << sentence;
    EXPECT_NE(sentence.find("power10"), std::string::npos) << sentence;
    EXPECT_EQ(sentence.find('\n'), std::string::npos) << sentence;
}

TEST(HookRefusal, CutsTheGuestsName) {
    std::string document = domain("<cpu mode='host-model'><model>power10</model></cpu>");
    document.replace(document.find("<name>guest"), 11, "<name>" + std::string(10'000, 'g'));
    const std::string sentence = hookRefusal(document, power10InPower9Mode());
    EXPECT_TRUE(sentence.starts_with("cannot start the guest " + std::string(60, 'g') + "...: "))
        << sentence;
}

TEST(HookRefusal, LetsEverythingElsePass) {
    const policy::PolicyHost host = power10InPower9Mode();
    policy::PolicyHost silent = host;
    silent.compat = {.known = std::nullopt, .reason = "nobody knows"};
    const std::string power10 = "<cpu mode='host-model'><model>power10</model></cpu>";
    EXPECT_EQ(hookRefusal(domain("<cpu mode='host-model'><model>power9</model></cpu>"), host), "");
    EXPECT_EQ(hookRefusal(domain("<cpu><model>POWER9</model></cpu>", "qemu"), host), "");
    EXPECT_EQ(hookRefusal(domain(power10), silent), "");
    EXPECT_EQ(hookRefusal("", host), "");
    EXPECT_EQ(hookRefusal("<domain type='kvm'>", host), "");
    EXPECT_EQ(hookRefusal("<network/>", host), "");
}

TEST(HookScript, TakesOnlyPathsThatAShellTakesAsTheyAre) {
    const auto script = hookScript("/usr/bin/virt-host-compat");
    ASSERT_TRUE(script);
    EXPECT_NE(script->find("prepare/begin | migrate/begin | restore/begin"), std::string::npos);
    EXPECT_NE(script->find(input::kManagedMark), std::string::npos);
    for (const char* path : {"virt-host-compat", "/a b", "/a;b", "/a$b", "/a'b", ""})
        EXPECT_FALSE(hookScript(path)) << path;
}

} // namespace
