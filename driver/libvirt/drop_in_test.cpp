// SPDX-License-Identifier: LGPL-2.1-or-later
// The drop-in's place and text, and which daemons there are.
#include "driver/libvirt/drop_in.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <unistd.h>

namespace {

using namespace hostcompat;
using namespace hostcompat::libvirt;

TEST(DropIn, NamesTheModuleAndNothingElse) {
    EXPECT_EQ(*dropInText("/usr/lib/virt-host-compat/module.so"),
              "# Written by virt-host-compat; remove it with 'virt-host-compat daemon disable'.\n"
              "[Service]\n"
              "Environment=LD_PRELOAD=/usr/lib/virt-host-compat/module.so\n");
    EXPECT_TRUE(dropInText("module.so"));
    for (const char* path :
         {"", "lib/module.so", "/a b.so", "/a:b.so", "/a%b.so", "/a\nb.so", "/a\"b"})
        EXPECT_FALSE(dropInText(path)) << path;
}

TEST(DropIn, FindsTheDaemonsThatAreInstalled) {
    const std::filesystem::path root =
        std::filesystem::temp_directory_path() / fmt::format("drop-in-{}", ::getpid());
    EXPECT_EQ(installedDaemons(root), std::vector<std::string>{});
    for (const char* unit :
         {"usr/lib/systemd/system/virtqemud.service", "lib/systemd/system/libvirtd.service",
          "lib/systemd/system/virtlogd.service"}) {
        std::filesystem::create_directories((root / unit).parent_path());
        std::ofstream(root / unit) << "[Unit]\n";
    }
    EXPECT_EQ(installedDaemons(root), (std::vector<std::string>{"libvirtd", "virtqemud"}));
    EXPECT_EQ(dropInPath(root, "virtqemud"),
              root / "etc/systemd/system/virtqemud.service.d/virt-host-compat.conf");
    std::filesystem::remove_all(root);
}

TEST(DropIn, AMissingModuleIsRefused) {
    const auto tried = tryModule("/nowhere/module.so", "libvirtd");
    ASSERT_FALSE(tried);
    EXPECT_EQ(tried.error().errorNumber, ENOENT);
}

} // namespace
