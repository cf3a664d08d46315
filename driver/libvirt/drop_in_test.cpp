// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests the drop-in's path and content, and which daemons are found.
#include "driver/libvirt/drop_in.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

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
    for (const char* path :
         {"", "module.so", "lib/module.so", "/a b.so", "/a:b.so", "/a%b.so", "/a\nb.so", "/a\"b"})
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

TEST(CheckModule, RefusesOneThatIsMissing) {
    const auto checked = checkModule("/nowhere/module.so");
    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().errorNumber, ENOENT);
}

TEST(CheckModule, RefusesOneThatAnyUserCouldPreload) {
    const std::filesystem::path folder =
        std::filesystem::temp_directory_path() / fmt::format("module-{}", ::getpid());
    std::filesystem::create_directories(folder);
    const auto module = folder / "module.so";
    std::ofstream(module) << "x";
    for (const auto& [mode, good] : {std::pair(0755U, true), std::pair(04755U, false),
                                     std::pair(02755U, false), std::pair(0777U, false)}) {
        ASSERT_EQ(::chmod(module.c_str(), mode), 0);
        const auto checked = checkModule(module);
        EXPECT_EQ(checked.has_value(), good) << mode;
    }
    ASSERT_EQ(::chmod(module.c_str(), 04755), 0);
    EXPECT_EQ(
        model::describe(checkModule(module).error()),
        "cannot preload " + module.string() +
            ": its mode 4755 has the set-user-ID or the set-group-ID bit, with which any user "
            "could preload it into programs that run with the rights of others (ld.so(8)); "
            "run 'chmod ug-s " +
            module.string() + "'");
    std::filesystem::remove_all(folder);
}

} // namespace
