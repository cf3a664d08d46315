// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests the hook and the preload under policies like those of Debian and Fedora.
#include "driver/libvirt/confinement.hpp"
#include "driver/libvirt/fake_selinux.hpp"

#include <gtest/gtest.h>

#include <cerrno>

namespace {

using namespace hostcompat;
using namespace hostcompat::libvirt;

const HookFiles kFiles{.hook = "/etc/hook", .program = "/usr/bin/program", .remedy = "load it"};
const std::vector<ConfinedDaemon> kDaemons = {{"libvirtd", {}}, {"virtqemud", {}}};

/// A libvirtd that may execute bin_t and shells, as in Debian's policy.
FakeSelinux debian() {
    FakeSelinux system;
    system.labels = {{"/usr/sbin/libvirtd", "virtd_exec_t"},
                     {"/bin/sh", "shell_exec_t"},
                     {"/usr/bin/program", "bin_t"},
                     {"/etc/hook", "etc_t"}};
    system.transitions[{"init_t", "virtd_exec_t"}] = "virtd_t";
    for (const char* type : {"bin_t", "shell_exec_t"})
        system.allow("virtd_t", type, "file",
                     {"read", "open", "getattr", "execute", "execute_no_trans"});
    system.allow("virtd_t", "etc_t", "file", {"read", "open", "getattr"});
    system.wanted = FakeSelinux::context("etc_t");
    return system;
}

std::string problem(const Confinement& said) {
    return said.problem ? (said.enforced ? "" : "logged: ") + model::describe(*said.problem) : "";
}

TEST(ConfinementOfNewHook, RefusesALabelThatTheDaemonMayNotExecute) {
    FakeSelinux system = debian();
    EXPECT_EQ(problem(confinementOfNewHook(system, kFiles, kDaemons)),
              "cannot let libvirtd execute /etc/hook: SELinux's policy denies etc_t:file { execute "
              "execute_no_trans } from virtd_t, and libvirt then refuses every guest; load it");
    system.wanted = FakeSelinux::context("bin_t");
    const Confinement said = confinementOfNewHook(system, kFiles, kDaemons);
    EXPECT_EQ(problem(said), "");
    EXPECT_EQ(said.label, FakeSelinux::context("bin_t"));
}

TEST(ConfinementOfNewHook, OnlyWarnsWhereNothingIsEnforced) {
    FakeSelinux system = debian();
    system.files["/sys/fs/selinux/enforce"] = "0";
    EXPECT_TRUE(problem(confinementOfNewHook(system, kFiles, kDaemons))
                    .starts_with("logged: cannot let libvirtd execute"));
    system.files["/sys/fs/selinux/enforce"] = "1";
    system.permissive.insert("virtd_t");
    EXPECT_TRUE(problem(confinementOfNewHook(system, kFiles, kDaemons))
                    .starts_with("logged: cannot let libvirtd execute"));
    // The denial for another daemon is enforced and takes precedence.
    system.labels["/usr/sbin/virtqemud"] = "virtqemud_exec_t";
    system.transitions[{"init_t", "virtqemud_exec_t"}] = "virtqemud_t";
    system.allow("virtqemud_t", "shell_exec_t", "file", {"read", "open", "getattr", "execute"});
    EXPECT_TRUE(problem(confinementOfNewHook(system, kFiles, kDaemons))
                    .starts_with("cannot let virtqemud execute"));
}

TEST(ConfinementOfNewHook, SaysNothingWithoutSelinux) {
    FakeSelinux system;
    system.failures["/sys/fs/selinux/enforce"] = ENOENT;
    const Confinement said = confinementOfNewHook(system, kFiles, kDaemons);
    EXPECT_EQ(said.mode, SelinuxMode::absent);
    EXPECT_EQ(problem(said), "");
    EXPECT_EQ(said.label, "");
}

TEST(ConfinementOfNewHook, LeavesOutWhatIsNotThere) {
    FakeSelinux system = debian();
    system.labels.erase("/usr/sbin/libvirtd");
    EXPECT_EQ(problem(confinementOfNewHook(system, kFiles, kDaemons)), "");
    system.labels["/usr/local/sbin/libvirtd"] = "virtd_exec_t";
    EXPECT_NE(problem(confinementOfNewHook(system, kFiles, kDaemons)), "");
    system.wanted = "<<none>>";
    const Confinement said = confinementOfNewHook(system, kFiles, kDaemons);
    EXPECT_EQ(problem(said), "");
    EXPECT_EQ(said.label, "");
}

TEST(ConfinementOfNewHook, AsksForADaemonThatRunsInAnotherDomain) {
    FakeSelinux system = debian();
    system.wanted = FakeSelinux::context("bin_t");
    system.files["/proc/77/attr/current"] = FakeSelinux::context("other_t");
    EXPECT_TRUE(problem(confinementOfNewHook(system, kFiles, {{"libvirtd", {77}}}))
                    .starts_with("cannot let libvirtd execute /etc/hook: SELinux's policy denies "
                                 "bin_t:file { getattr open read execute execute_no_trans } from "
                                 "other_t"));
    for (const int ended : {ENOENT, ESRCH}) {
        system.failures["/proc/77/attr/current"] = ended;
        EXPECT_EQ(problem(confinementOfNewHook(system, kFiles, {{"libvirtd", {77}}})), "");
    }
    system.failures["/proc/77/attr/current"] = EACCES;
    EXPECT_EQ(problem(confinementOfNewHook(system, kFiles, {{"libvirtd", {77}}})),
              "cannot read /proc/77/attr/current: Permission denied (EACCES); run as root");
}

TEST(ConfinementOfNewHook, FollowsATransition) {
    // A domain for hooks, like the one that Fedora's policy has for the network daemon.
    FakeSelinux system = debian();
    system.transitions[{"virtd_t", "etc_t"}] = "hook_t";
    const auto lacks = [&](std::string_view what) {
        const std::string said = problem(confinementOfNewHook(system, kFiles, kDaemons));
        EXPECT_NE(said.find(what), std::string::npos) << said;
    };
    lacks("etc_t:file { execute } from virtd_t");
    system.allow("virtd_t", "etc_t", "file", {"execute"});
    lacks("hook_t:process { transition } from virtd_t");
    system.allow("virtd_t", "hook_t", "process", {"transition"});
    lacks("etc_t:file { entrypoint } from hook_t");
    system.allow("hook_t", "etc_t", "file", {"entrypoint"});
    lacks("etc_t:file { getattr open read } from hook_t");
    system.allow("hook_t", "etc_t", "file", {"getattr", "open", "read"});
    lacks("cannot let libvirtd execute /usr/bin/program: SELinux's policy denies bin_t:file { "
          "getattr open read execute execute_no_trans } from hook_t, and the hook then lets every "
          "guest pass; add the rule 'allow hook_t bin_t:file { ");
    system.allow("hook_t", "bin_t", "file",
                 {"read", "open", "getattr", "execute", "execute_no_trans"});
    EXPECT_EQ(problem(confinementOfNewHook(system, kFiles, kDaemons)), "");
}

TEST(ConfinementOfNewHook, AsksForTheShellAndTheProgram) {
    FakeSelinux system = debian();
    system.wanted = FakeSelinux::context("bin_t");
    system.labels["/usr/bin/program"] = "user_home_t";
    EXPECT_NE(problem(confinementOfNewHook(system, kFiles, kDaemons)).find("every guest pass"),
              std::string::npos);
    system.labels["/bin/sh"] = "etc_t";
    EXPECT_TRUE(problem(confinementOfNewHook(system, kFiles, kDaemons))
                    .starts_with("cannot let libvirtd execute /bin/sh: SELinux's policy denies "
                                 "etc_t:file { execute } from virtd_t, and libvirt then refuses"));
    system.labels.erase("/bin/sh");
    EXPECT_EQ(problem(confinementOfNewHook(system, kFiles, kDaemons)),
              "cannot read the SELinux label of /bin/sh: No such file or directory (ENOENT)");
}

TEST(ConfinementOfNewHook, RefusesWhereSelinuxCannotBeAsked) {
    for (const char* path :
         {"/sys/fs/selinux/enforce", "/sys/fs/selinux/access", "/sys/fs/selinux/create",
          "/sys/fs/selinux/class/file/index", "/sys/fs/selinux/class/process/index",
          "/proc/1/attr/current", "/usr/sbin/libvirtd", "/bin/sh"})
        for (const int number : {EACCES, EPERM, EIO, ENODATA, EOPNOTSUPP, ENOMEM}) {
            FakeSelinux system = debian();
            system.failures[path] = number;
            const Confinement said = confinementOfNewHook(system, kFiles, kDaemons);
            ASSERT_TRUE(said.problem) << path << ' ' << number;
            EXPECT_EQ(said.problem->errorNumber, number);
            EXPECT_TRUE(said.enforced);
        }
    FakeSelinux system = debian();
    system.wanted = std::unexpected(Error{.action = "look up"});
    EXPECT_EQ(problem(confinementOfNewHook(system, kFiles, kDaemons)), "cannot look up");
    system.files["/sys/fs/selinux/enforce"] = "0";
    EXPECT_EQ(problem(confinementOfNewHook(system, kFiles, kDaemons)), "logged: cannot look up");
}

TEST(ConfinementOfHook, NamesWhatHelps) {
    FakeSelinux system = debian();
    EXPECT_TRUE(problem(confinementOfHook(system, kFiles, kDaemons)).ends_with("; load it"));
    system.wanted = FakeSelinux::context("bin_t");
    EXPECT_TRUE(problem(confinementOfHook(system, kFiles, kDaemons))
                    .ends_with("; run 'virt-host-compat hook install' again, which labels it"));
    system.labels["/etc/hook"] = "bin_t";
    EXPECT_EQ(problem(confinementOfHook(system, kFiles, kDaemons)), "");
    system.labels.erase("/etc/hook");
    EXPECT_EQ(problem(confinementOfHook(system, kFiles, kDaemons)),
              "cannot read the SELinux label of /etc/hook: No such file or directory (ENOENT)");
    // The hook has the label of our policy module and is still denied, so loading a module does not
    // help.
    system.labels["/etc/hook"] = "bin_t";
    system.allowed.clear();
    EXPECT_NE(problem(confinementOfHook(system, kFiles, kDaemons)).find("hook remove"),
              std::string::npos);
}

TEST(ConfinementOfPreload, NeedsNoatsecureAcrossATransition) {
    FakeSelinux system = debian();
    EXPECT_EQ(problem(confinementOfPreload(system, "libvirtd", "load that")),
              "cannot preload a module by its path into libvirtd: SELinux's policy denies "
              "virtd_t:process { noatsecure } from init_t, and the loader then ignores the preload "
              "without a word; load that");
    system.files["/sys/fs/selinux/enforce"] = "0";
    EXPECT_TRUE(problem(confinementOfPreload(system, "libvirtd", "")).starts_with("logged: "));
    system.files["/sys/fs/selinux/enforce"] = "1";
    system.allow("init_t", "virtd_t", "process", {"noatsecure"});
    EXPECT_EQ(problem(confinementOfPreload(system, "libvirtd", "")), "");
    system.allowed.clear();
    system.transitions.clear();
    EXPECT_EQ(problem(confinementOfPreload(system, "libvirtd", "")), "") << "the same domain";
    EXPECT_EQ(problem(confinementOfPreload(system, "virtqemud", "")), "") << "not installed";
    for (const int number : {EACCES, EIO}) {
        system.failures["/sys/fs/selinux/create"] = number;
        EXPECT_EQ(confinementOfPreload(system, "libvirtd", "").problem->errorNumber, number);
    }
}

} // namespace
