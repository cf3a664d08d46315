// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests the built module with a fake libvirt, for answers that a real libvirt on this machine
// cannot give: comparisons of POWER hosts, documents of containers, unknown releases.
#include "driver/answer/record.hpp"
#include "driver/libvirt/module/fake_libvirt.hpp"

#include <gtest/gtest.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <unistd.h>

namespace {

using namespace hostcompat;

constexpr const char* kDocument = "<capabilities>\n  <host>\n    <cpu>\n"
                                  "      <arch>ppc64le</arch>\n    </cpu>\n  </host>\n"
                                  "</capabilities>\n";
constexpr const char* kDomainDocument =
    "<domainCapabilities>\n  <domain>kvm</domain>\n  <machine>pseries-7.2</machine>\n"
    "  <arch>ppc64le</arch>\n  <cpu>\n    <mode name='host-model' supported='yes'>\n"
    "      <model fallback='allow'>POWER10</model>\n    </mode>\n"
    "    <mode name='custom' supported='yes'>\n"
    "      <model usable='unknown' vendor='IBM'>POWER9</model>\n"
    "    </mode>\n  </cpu>\n</domainCapabilities>\n";
constexpr const char* kPower9 = "<cpu mode='host-model'><model>power9</model></cpu>";
constexpr const char* kPower10 = "<cpu mode='host-model'><model>power10</model></cpu>";

/// The module keeps its answer for the lifetime of the process, so each test runs in a process of
/// its own: see meson.build.
class ModuleTest : public testing::Test {
protected:
    void SetUp() override {
        folder_ = std::filesystem::temp_directory_path() / ("module-" + std::to_string(::getpid()));
        std::filesystem::create_directories(folder_);
        ::setenv("VIRT_HOST_COMPAT_MODULE_CONFIG", (folder_ / "module.conf").c_str(), 1);
        const model::HostRecord record{
            .host = {.arch = "ppc64le",
                     .platform = model::Platform::pseries,
                     .model = "POWER10",
                     .effectiveMode = "power9",
                     .kernel = "7.3"},
            .compat = {.known = model::KnownCompat{.source = "kvm",
                                                   .supported = {9},
                                                   .refused = {8, 10, 11},
                                                   .capabilities = 1ULL << 62,
                                                   .abi = "merged"}}};
        write("record.json", answer::writeRecord(record));
        configure("compare = yes\n");
        fakeLibvirt() = {.document = kDocument};
    }
    void TearDown() override {
        std::filesystem::remove_all(folder_);
    }
    void write(const char* name, const std::string& text) {
        std::ofstream(folder_ / name) << text;
        std::filesystem::permissions(folder_ / name, std::filesystem::perms(0644));
    }
    void configure(const std::string& more) {
        write("module.conf", "probe = " + (folder_ / "record.json").string() + "\n" + more);
    }
    static std::string capabilities() {
        const std::unique_ptr<char, decltype(&std::free)> text(virConnectGetCapabilities(nullptr),
                                                               &std::free);
        return text ? text.get() : "none";
    }
    static std::string domainCapabilities() {
        const std::unique_ptr<char, decltype(&std::free)> text(
            virConnectGetDomainCapabilities(nullptr, nullptr, nullptr, nullptr, nullptr, 0),
            &std::free);
        return text ? text.get() : "none";
    }
    static int compare(const char* cpu, unsigned flags = 0) {
        return virConnectCompareCPU(nullptr, cpu, flags);
    }

    std::filesystem::path folder_;
};

TEST_F(ModuleTest, AddsTheElementAndKeepsErrno) {
    errno = ENOTTY;
    const std::string document = capabilities();
    EXPECT_EQ(errno, ENOTTY);
    EXPECT_NE(document.find("      <compat source='kvm'>\n"), std::string::npos) << document;
    EXPECT_TRUE(fakeLibvirt().log.empty());
}

TEST_F(ModuleTest, AFailureOfLibvirtsStaysOne) {
    fakeLibvirt().document = nullptr;
    EXPECT_EQ(virConnectGetCapabilities(nullptr), nullptr);
    EXPECT_TRUE(fakeLibvirt().log.empty());
}

TEST_F(ModuleTest, ADocumentOfContainersPassesAndIsSaidOnce) {
    fakeLibvirt().document = "<capabilities><host></host></capabilities>";
    for (int call = 0; call < 3; ++call)
        EXPECT_EQ(capabilities(), fakeLibvirt().document);
    ASSERT_EQ(fakeLibvirt().log.size(), 1U);
    EXPECT_EQ(
        fakeLibvirt().log[0],
        "libvirt's answers are passed on unchanged: libvirt's capabilities document:1: cannot "
        "read the capabilities document: <host> has no <cpu>");
    fakeLibvirt().document = "this is not XML";
    EXPECT_EQ(capabilities(), "this is not XML");
    EXPECT_EQ(fakeLibvirt().log.size(), 2U);
    fakeLibvirt().document = kDocument;
    EXPECT_NE(capabilities(), kDocument);
}

TEST_F(ModuleTest, ARemoteDocumentPasses) {
    fakeLibvirt().uri = "qemu+ssh://elsewhere/system";
    EXPECT_EQ(capabilities(), kDocument);
    EXPECT_TRUE(fakeLibvirt().log.empty());
}

TEST_F(ModuleTest, AnUnknownReleaseIsServedWithoutItsPrivateCalls) {
    fakeLibvirt().version = 99'000'000;
    EXPECT_NE(capabilities(), kDocument);
    fakeLibvirt().document = "no XML";
    EXPECT_EQ(capabilities(), "no XML");
    EXPECT_TRUE(fakeLibvirt().log.empty()) << "this went to the system's log";
    fakeLibvirt().compared = VIR_CPU_COMPARE_SUPERSET;
    EXPECT_EQ(compare(kPower10, VIR_CONNECT_COMPARE_CPU_FAIL_INCOMPATIBLE),
              VIR_CPU_COMPARE_INCOMPATIBLE);
    EXPECT_EQ(fakeLibvirt().errorCode, 0);
}

TEST_F(ModuleTest, CompletesDomainCapabilitiesOfKvmAlone) {
    EXPECT_EQ(domainCapabilities(), "none") << "a failure of libvirt's";
    std::string expected = kDomainDocument;
    const std::string model = "POWER10</model>\n    ";
    expected.insert(expected.find(model) + model.size(), "  <enum name='compat'>\n"
                                                         "        <value>power9</value>\n"
                                                         "      </enum>\n    ");
    expected.replace(expected.find("'unknown'"), 9, "'no'");
    fakeLibvirt().domainDocument = kDomainDocument;
    errno = ENOTTY;
    EXPECT_EQ(domainCapabilities(), expected);
    EXPECT_EQ(errno, ENOTTY);
    EXPECT_TRUE(fakeLibvirt().log.empty());
    std::string emulated = kDomainDocument;
    emulated.replace(emulated.find("kvm"), 3, "qemu");
    fakeLibvirt().domainDocument = emulated.c_str();
    EXPECT_EQ(domainCapabilities(), emulated);
    EXPECT_TRUE(fakeLibvirt().log.empty());
    fakeLibvirt().domainDocument = kDomainDocument;
    fakeLibvirt().uri = "qemu+ssh://elsewhere/system";
    EXPECT_EQ(domainCapabilities(), kDomainDocument);
    EXPECT_TRUE(fakeLibvirt().log.empty());
}

TEST_F(ModuleTest, BrokenDomainCapabilitiesPassAndAreSaidOnce) {
    for (const char* document :
         {"<domainCapabilities><cpu/><cpu/></domainCapabilities>", "no XML", ""}) {
        fakeLibvirt().domainDocument = document;
        const std::size_t before = fakeLibvirt().log.size();
        for (int call = 0; call < 3; ++call)
            EXPECT_EQ(domainCapabilities(), document);
        EXPECT_EQ(fakeLibvirt().log.size(), before + 1) << document;
    }
}

TEST_F(ModuleTest, AModeThatKvmRefusesBecomesIncompatible) {
    for (const int yes : {VIR_CPU_COMPARE_IDENTICAL, VIR_CPU_COMPARE_SUPERSET}) {
        fakeLibvirt().compared = yes;
        EXPECT_EQ(compare(kPower10), VIR_CPU_COMPARE_INCOMPATIBLE);
        EXPECT_EQ(compare(kPower9), yes);
        EXPECT_EQ(compare("<cpu><arch>ppc64le</arch><model>POWER10</model></cpu>"), yes);
    }
    EXPECT_EQ(fakeLibvirt().errorCode, 0);
}

TEST_F(ModuleTest, WhatLibvirtRefusesOrFailsAtStays) {
    for (const int answer : {VIR_CPU_COMPARE_INCOMPATIBLE, VIR_CPU_COMPARE_ERROR}) {
        fakeLibvirt().compared = answer;
        EXPECT_EQ(compare(kPower9), answer);
        EXPECT_EQ(compare(kPower10), answer);
    }
}

TEST_F(ModuleTest, TheCallerMayWantAnErrorInstead) {
    fakeLibvirt().compared = VIR_CPU_COMPARE_SUPERSET;
    EXPECT_EQ(compare(kPower10, VIR_CONNECT_COMPARE_CPU_FAIL_INCOMPATIBLE), VIR_CPU_COMPARE_ERROR);
    EXPECT_EQ(fakeLibvirt().errorCode, VIR_ERR_CPU_INCOMPATIBLE);
    EXPECT_EQ(fakeLibvirt().error,
              "the CPU is incompatible with host CPU: KVM of this host does not support the "
              "compatibility mode power10");
}

TEST_F(ModuleTest, HypervisorComparisonsAreOnlyAboutKvmOnPower) {
    fakeLibvirt().compared = VIR_CPU_COMPARE_SUPERSET;
    const auto asked = [](const char* arch, const char* type) {
        return virConnectCompareHypervisorCPU(nullptr, nullptr, arch, "pseries", type, kPower10, 0);
    };
    EXPECT_EQ(asked("ppc64le", "kvm"), VIR_CPU_COMPARE_INCOMPATIBLE);
    EXPECT_EQ(asked(nullptr, nullptr), VIR_CPU_COMPARE_INCOMPATIBLE);
    EXPECT_EQ(asked("ppc64le", "qemu"), VIR_CPU_COMPARE_SUPERSET);
    EXPECT_EQ(asked("x86_64", "kvm"), VIR_CPU_COMPARE_SUPERSET);
}

TEST_F(ModuleTest, ComparisonsAreLibvirtsUnlessSwitchedOn) {
    configure("");
    fakeLibvirt().compared = VIR_CPU_COMPARE_SUPERSET;
    EXPECT_EQ(compare(kPower10), VIR_CPU_COMPARE_SUPERSET);
    EXPECT_NE(capabilities(), kDocument);
}

} // namespace
