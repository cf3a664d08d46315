// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests every place where an administrator can set LD_PRELOAD, and text that only looks like it.
#include "driver/libvirt/preload_setting.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <unistd.h>

namespace {

using namespace hostcompat;
using namespace hostcompat::libvirt;

class OtherPreload : public testing::Test {
protected:
    OtherPreload()
        : root_(std::filesystem::temp_directory_path() /
                fmt::format("preload-{}-{}", ::getpid(),
                            testing::UnitTest::GetInstance()->current_test_info()->name())) {
        write("usr/lib/systemd/system/libvirtd.service",
              "[Service]\nEnvironmentFile=-/etc/default/libvirtd\nExecStart=/usr/sbin/libvirtd\n");
    }
    ~OtherPreload() override {
        std::filesystem::remove_all(root_);
    }
    void write(const std::string& path, const std::string& content) const {
        std::filesystem::create_directories((root_ / path).parent_path());
        std::ofstream(root_ / path) << content;
    }
    /// "PATH:LINE" below the root, "" for none, or the error.
    std::string found() const {
        const auto setting = otherPreload(root_, "libvirtd");
        if (!setting)
            return model::describe(setting.error());
        return *setting ? fmt::format("{}:{}", (*setting)->file.lexically_relative(root_).string(),
                                      (*setting)->line)
                        : "";
    }
    std::filesystem::path root_;
};

TEST_F(OtherPreload, isNotOurs) {
    EXPECT_EQ(found(), "");
    write("etc/systemd/system/libvirtd.service.d/virt-host-compat.conf",
          "[Service]\nEnvironment=LD_PRELOAD=/m.so\n");
    EXPECT_EQ(found(), "");
    write("etc/systemd/system/virtqemud.service.d/other.conf", "Environment=LD_PRELOAD=/m.so\n");
    EXPECT_EQ(found(), "") << "another daemon's";
    write("etc/systemd/system/libvirtd.service.d/note",
          "[Service]\nEnvironment=LD_PRELOAD=/m.so\n");
    EXPECT_EQ(found(), "") << "systemd reads *.conf only";
    write("etc/systemd/system/libvirtd.service.d/a.conf",
          "# LD_PRELOAD=\n ; LD_PRELOAD\n[Service]\nEnvironment=A=1\n");
    EXPECT_EQ(found(), "") << "comments";
}

class InEachPlace : public OtherPreload,
                    public testing::WithParamInterface<std::pair<const char*, const char*>> {};

TEST_P(InEachPlace, isFound) {
    const auto& [path, content] = GetParam();
    write(path, content);
    EXPECT_EQ(found(), fmt::format("{}:2", path));
}

constexpr const char* kEnvironment = "[Service]\nEnvironment=\"A=b\" 'LD_PRELOAD=/usr/lib/x.so'\n";

INSTANTIATE_TEST_SUITE_P(
    Places, InEachPlace,
    testing::Values(
        std::pair("etc/systemd/system/libvirtd.service", kEnvironment),
        std::pair("run/systemd/system/libvirtd.service", kEnvironment),
        std::pair("etc/systemd/system/libvirtd.service.d/malloc.conf", kEnvironment),
        std::pair("etc/systemd/system/libvirtd.service.d/zzz.conf", kEnvironment),
        std::pair("run/systemd/system/libvirtd.service.d/malloc.conf", kEnvironment),
        std::pair("usr/lib/systemd/system/libvirtd.service.d/malloc.conf", kEnvironment),
        std::pair("etc/systemd/system/service.d/all.conf", kEnvironment),
        std::pair("etc/default/libvirtd", "LIBVIRTD_ARGS=\nexport LD_PRELOAD=/usr/lib/x.so\n"),
        std::pair("etc/systemd/system.conf", "[Manager]\nDefaultEnvironment=LD_PRELOAD=/x.so\n"),
        std::pair("etc/systemd/system.conf.d/a.conf",
                  "[Manager]\nDefaultEnvironment=LD_PRELOAD=/x.so\n"),
        std::pair("etc/systemd/system/libvirtd.service.d/long.conf",
                  "[Service]\nEnvironment=A=1 LD_PRELOAD=/x.so \\\nB=2\n")));

TEST_F(OtherPreload, countsOnlyWhatSystemdReads) {
    write("usr/lib/systemd/system/libvirtd.service.d/a.conf", kEnvironment);
    EXPECT_EQ(found(), "usr/lib/systemd/system/libvirtd.service.d/a.conf:2");
    write("etc/systemd/system/libvirtd.service.d/a.conf", "[Service]\n");
    EXPECT_EQ(found(), "") << "the same name in a folder that counts more";
    write("usr/lib/systemd/system/libvirtd.service", kEnvironment);
    EXPECT_EQ(found(), "usr/lib/systemd/system/libvirtd.service:2");
    write("etc/systemd/system/libvirtd.service", "[Service]\n");
    EXPECT_EQ(found(), "");
}

TEST_F(OtherPreload, saysWhatCannotBeRead) {
    std::filesystem::create_directories(root_ / "etc/default/libvirtd");
    EXPECT_EQ(found(), fmt::format("cannot read {}/etc/default/libvirtd: it is a folder; name a "
                                   "file in it",
                                   root_.string()));
}

} // namespace
