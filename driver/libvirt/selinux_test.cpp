// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests the answers of selinuxfs, and each way in which asking it can fail.
#include "driver/libvirt/fake_selinux.hpp"
#include "driver/libvirt/selinux.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <string_view>
#include <vector>

namespace {

using namespace hostcompat;
using namespace hostcompat::libvirt;

TEST(SelinuxMode, IsWhatTheKernelSays) {
    FakeSelinux system;
    EXPECT_EQ(Selinux(system).mode(), SelinuxMode::enforcing);
    system.files["/sys/fs/selinux/enforce"] = "0";
    EXPECT_EQ(Selinux(system).mode(), SelinuxMode::permissive);
    system.files["/sys/fs/selinux/enforce"] = "0\n";
    EXPECT_EQ(Selinux(system).mode(), SelinuxMode::permissive);
    system.isReadOnly = true;
    EXPECT_EQ(Selinux(system).mode(), SelinuxMode::absent);
    system.isReadOnly = false;
    for (const char* other : {"", "2", "10", "yes"}) {
        system.files["/sys/fs/selinux/enforce"] = other;
        const auto mode = Selinux(system).mode();
        ASSERT_FALSE(mode) << other;
        EXPECT_EQ(model::describe(mode.error()),
                  std::string("cannot understand /sys/fs/selinux/enforce: it says '") + other +
                      "'");
    }
    for (const int missing : {ENOENT, ENOTDIR}) {
        system.failures["/sys/fs/selinux/enforce"] = missing;
        EXPECT_EQ(Selinux(system).mode(), SelinuxMode::absent);
    }
    for (const int other : {EACCES, EPERM, EIO, EMFILE, ENOMEM, EINVAL}) {
        system.failures["/sys/fs/selinux/enforce"] = other;
        const auto mode = Selinux(system).mode();
        ASSERT_FALSE(mode) << other;
        EXPECT_EQ(mode.error().errorNumber, other);
        EXPECT_EQ(mode.error().remedy, other == EACCES || other == EPERM ? "run as root" : "");
    }
}

TEST(SelinuxDenied, NamesWhatThePolicyDoesNotAllow) {
    FakeSelinux system;
    system.allow("a", "b", "file", {"read", "open"});
    const auto denied = [&](auto... permissions) {
        return Selinux(system).denied(FakeSelinux::context("a"), FakeSelinux::context("b"), "file",
                                      std::vector<std::string_view>{permissions...});
    };
    EXPECT_EQ(denied("read", "open")->permissions, "");
    EXPECT_EQ(denied("read", "execute", "execute_no_trans")->permissions,
              "execute execute_no_trans");
    EXPECT_TRUE(denied("execute")->enforced);
    system.permissive.insert("a");
    EXPECT_EQ(denied("execute")->permissions, "execute");
    EXPECT_FALSE(denied("execute")->enforced);
    EXPECT_EQ(denied("no_such_permission")->permissions, "") << "the policy does not know it";
}

TEST(SelinuxDenied, SaysWhichQuestionFailed) {
    const auto asked = [](const FakeSelinux& system) {
        return Selinux(system).denied("u:r:a:s0", "u:r:b:s0", "file",
                                      std::vector<std::string_view>{"read"});
    };
    for (const char* path : {"/sys/fs/selinux/class/file/index", "/sys/fs/selinux/access",
                             "/sys/fs/selinux/class/file/perms/read"})
        for (const int number : {EACCES, EPERM, EINVAL, EIO, EROFS, EMFILE, ENOMEM, ERANGE}) {
            FakeSelinux system;
            system.failures[path] = number;
            const auto denied = asked(system);
            ASSERT_FALSE(denied) << path << ' ' << number;
            EXPECT_EQ(denied.error().errorNumber, number);
            EXPECT_NE(model::describe(denied.error()).find(path), std::string::npos);
        }
    FakeSelinux system;
    system.failures["/sys/fs/selinux/access"] = EINVAL;
    EXPECT_EQ(model::describe(asked(system).error()),
              "cannot ask /sys/fs/selinux/access u:r:a:s0 u:r:b:s0 6: Invalid argument (EINVAL)");
    for (const char* answer : {"", "no answer", "0x", "ffffffff z"}) {
        FakeSelinux odd;
        odd.answer = answer;
        EXPECT_FALSE(asked(odd)) << answer;
    }
    FakeSelinux odd;
    for (const char* place : {"0", "33", "read"}) {
        odd.files["/sys/fs/selinux/class/file/perms/read"] = place;
        EXPECT_FALSE(asked(odd)) << place;
    }
}

TEST(SelinuxDomainAfter, IsTheOldOneWithoutATransition) {
    FakeSelinux system;
    system.transitions[{"init_t", "virtd_exec_t"}] = "virtd_t";
    const auto after = [&](const char* label) {
        return *Selinux(system).domainAfter(FakeSelinux::context("init_t"),
                                            FakeSelinux::context(label));
    };
    EXPECT_EQ(after("virtd_exec_t"), FakeSelinux::context("virtd_t"));
    EXPECT_EQ(after("bin_t"), FakeSelinux::context("init_t"));
    for (const char* path : {"/sys/fs/selinux/class/process/index", "/sys/fs/selinux/create"})
        for (const int number : {ENOENT, EACCES, EINVAL}) {
            FakeSelinux failing;
            failing.failures[path] = number;
            const auto domain = Selinux(failing).domainAfter("a", "b");
            ASSERT_FALSE(domain);
            EXPECT_EQ(domain.error().errorNumber, number);
        }
}

TEST(SelinuxContextOf, DropsWhatTheKernelEndsItWith) {
    FakeSelinux system;
    system.files["/proc/7/attr/current"] = std::string("u:r:virtd_t:s0\0", 15);
    EXPECT_EQ(*Selinux(system).contextOf(7), "u:r:virtd_t:s0");
    system.files["/proc/7/attr/current"] = "u:r:virtd_t:s0\n";
    EXPECT_EQ(*Selinux(system).contextOf(7), "u:r:virtd_t:s0");
    system.failures["/proc/7/attr/current"] = ESRCH;
    EXPECT_EQ(Selinux(system).contextOf(7).error().errorNumber, ESRCH);
}

TEST(TypeOf, IsTheThirdPart) {
    EXPECT_EQ(typeOf("system_u:system_r:virtd_t:s0-s0:c0.c1023"), "virtd_t");
    EXPECT_EQ(typeOf("system_u:object_r:bin_t"), "bin_t");
    EXPECT_EQ(typeOf("unconfined"), "unconfined");
    EXPECT_EQ(typeOf("a:b"), "a:b");
    EXPECT_EQ(typeOf(""), "");
}

TEST(SystemSelinux, SaysTheErrorsOfTheSystem) {
    const SelinuxCalls& system = systemSelinux();
    EXPECT_EQ(system.read("/no/such/file").error(), ENOENT);
    EXPECT_EQ(system.read("/").error(), EISDIR);
    EXPECT_EQ(system.ask("/no/such/file", "x").error(), ENOENT);
    EXPECT_EQ(system.ask("/", "x").error(), EISDIR);
    EXPECT_EQ(system.ask("/dev/full", "x").error(), ENOSPC);
    EXPECT_EQ(*system.ask("/dev/null", "x"), "");
    EXPECT_EQ(system.label("/no/such/file").error(), ENOENT);
    EXPECT_TRUE(system.read("/proc/self/comm")->ends_with('\n'));
}

} // namespace
