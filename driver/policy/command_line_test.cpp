// SPDX-License-Identifier: LGPL-2.1-or-later
// What of <qemu:commandline> decides, as QEMU reads it.
#include "driver/policy/command_line.hpp"

#include <gtest/gtest.h>

namespace hostcompat::policy {
namespace {

using Arguments = std::vector<std::optional<std::string>>;

TEST(CommandLine, TakesTheLastOfAKind) {
    const CommandLine line =
        commandLineOf(Arguments{"-machine", "pseries,max-cpu-compat=power9", "--cpu", "POWER9",
                                "-M", "max-cpu-compat=power10", "-cpu", "host"});
    EXPECT_EQ(line.mode, "power10");
    EXPECT_EQ(line.cpu, "host");
    EXPECT_EQ(line.accelerator, "");
}

TEST(CommandLine, ReadsProperties) {
    EXPECT_EQ(commandLineOf(Arguments{"-machine", "a=b,,c,max-cpu-compat=power9,accel=tcg"}).mode,
              "power9");
    EXPECT_EQ(commandLineOf(Arguments{"-machine", "accel=tcg"}).accelerator, "tcg");
    EXPECT_EQ(commandLineOf(Arguments{"-cpu", "POWER9,compat=power8"}).cpu, "POWER9,compat=power8");
}

TEST(CommandLine, LeavesTheRest) {
    for (const Arguments& arguments :
         {Arguments{}, Arguments{"-machine"}, Arguments{"-cpu", std::nullopt},
          Arguments{std::nullopt, "max-cpu-compat=power9"}, Arguments{"-name", "-cpu=x"},
          Arguments{"max-cpu-compat=power9"}, Arguments{"-device", "x,max-cpu-compat=power9"}}) {
        const CommandLine line = commandLineOf(arguments);
        EXPECT_EQ(line.mode + line.cpu + line.accelerator, "");
    }
}

} // namespace
} // namespace hostcompat::policy
