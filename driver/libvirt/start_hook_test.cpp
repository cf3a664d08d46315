// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests when the hook decides, and what it refuses.
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
    const std::string sentence =
        hookRefusal(domain("<cpu mode='host-model'><model>power10</model></cpu>"), "prepare",
                    power10InPower9Mode());
    EXPECT_TRUE(sentence.starts_with("cannot start the guest guest: ")) << sentence;
    EXPECT_NE(sentence.find("power10"), std::string::npos) << sentence;
    EXPECT_EQ(sentence.find('\n'), std::string::npos) << sentence;
}

TEST(HookRefusal, CutsTheGuestsName) {
    std::string document = domain("<cpu mode='host-model'><model>power10</model></cpu>");
    document.replace(document.find("<name>guest"), 11, "<name>" + std::string(10'000, 'g'));
    const std::string sentence = hookRefusal(document, "prepare", power10InPower9Mode());
    EXPECT_TRUE(sentence.starts_with("cannot start the guest " + std::string(60, 'g') + "...: "))
        << sentence;
}

TEST(HookRefusal, LetsEverythingElsePass) {
    const policy::PolicyHost host = power10InPower9Mode();
    policy::PolicyHost silent = host;
    silent.compat = {.known = std::nullopt, .reason = "nobody knows"};
    const std::string power10 = "<cpu mode='host-model'><model>power10</model></cpu>";
    EXPECT_EQ(
        hookRefusal(domain("<cpu mode='host-model'><model>power9</model></cpu>"), "prepare", host),
        "");
    EXPECT_EQ(hookRefusal(domain("<cpu><model>POWER9</model></cpu>", "qemu"), "prepare", host), "");
    EXPECT_EQ(hookRefusal(domain(power10), "prepare", silent), "");
    EXPECT_EQ(hookRefusal("", "prepare", host), "");
    EXPECT_EQ(hookRefusal("<domain type='kvm'>", "prepare", host), "");
    EXPECT_EQ(hookRefusal("<network/>", "prepare", host), "");
}

TEST(HookRefusal, LetsAGuestArriveWhoseModeTheDocumentDoesNotTell) {
    // A Power11 in power10 mode. A guest without a pinned mode cannot start on it, but one that
    // runs on another host may run in power10 mode.
    policy::PolicyHost host = power10InPower9Mode();
    host.model = "POWER11";
    host.compat.known->supported = {9, 10};
    host.compat.known->refused = {8, 11};
    EXPECT_NE(hookRefusal(domain(""), "prepare", host), "");
    EXPECT_EQ(hookRefusal(domain(""), "migrate", host), "");
    EXPECT_EQ(hookRefusal(domain(""), "restore", host), "");
    const std::string power11 = domain("<cpu mode='host-model'><model>power11</model></cpu>");
    for (const std::string_view operation : {"prepare", "migrate", "restore"})
        EXPECT_NE(hookRefusal(power11, operation, host), "") << operation;
}

TEST(HookScript, TakesOnlyPathsThatAShellTakesAsTheyAre) {
    const auto script = hookScript("/usr/bin/virt-host-compat");
    ASSERT_TRUE(script);
    EXPECT_NE(script->find("prepare/begin | migrate/begin | restore/begin"), std::string::npos);
    EXPECT_NE(script->find(input::kManagedMark), std::string::npos);
    for (const char* path : {"virt-host-compat", "/a b", "/a;b", "/a$b", "/a'b", ""})
        EXPECT_FALSE(hookScript(path)) << path;
}

TEST(HookProgram, IsReadFromTheScript) {
    EXPECT_EQ(hookProgram(*hookScript("/opt/a+b/virt-host-compat")), "/opt/a+b/virt-host-compat");
    for (const char* text : {"", "#!/bin/sh\n", "\n[ -x /usr/bin/x ] ||", " ] || exit 0\n[ -x /a"})
        EXPECT_EQ(hookProgram(text), "") << text;
}

} // namespace
