// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests which options of a command line take effect. Each case was tried with QEMU 7.2.
#include "driver/policy/command_line.hpp"

#include <gtest/gtest.h>

#include <string_view>

namespace hostcompat::policy {
namespace {

TEST(CommandLine, TakesTheLastOfAKind) {
    const CommandLine line =
        commandLineOf(Arguments{"-machine", "pseries,max-cpu-compat=power9", "--cpu", "POWER9",
                                "-M", "max-cpu-compat=power10", "-cpu", "host"});
    EXPECT_EQ(line.mode, "power10");
    EXPECT_EQ(line.cpu, "host");
    EXPECT_EQ(line.accelerator, "");
    EXPECT_EQ(line.machine, "pseries");
}

TEST(CommandLine, ReadsProperties) {
    EXPECT_EQ(commandLineOf(Arguments{"-machine", "a=b,,c,max-cpu-compat=power9,accel=tcg"}).mode,
              "power9");
    EXPECT_EQ(commandLineOf(Arguments{"-machine", "max-cpu-compat="}).mode, "");
    EXPECT_EQ(commandLineOf(Arguments{"-machine", "powernv9,usb=on,pseries"}).machine, "powernv9");
    EXPECT_EQ(commandLineOf(Arguments{"-machine", "usb=on,type=powernv9"}).machine, "powernv9");
    EXPECT_EQ(commandLineOf(Arguments{"-machine", "usb=on,powernv9"}).machine, "");
    EXPECT_EQ(commandLineOf(Arguments{"-machine", "accel=tcg"}).accelerator, "tcg");
    EXPECT_EQ(commandLineOf(Arguments{"-name", "x", "-enable-kvm"}).accelerator, "kvm");
    EXPECT_EQ(commandLineOf(Arguments{"-cpu", "POWER9,compat=power8"}).cpu, "POWER9,compat=power8");
    EXPECT_EQ(commandLineOf(Arguments{"-machine", "max-cpu-compat="}).mode, "");
    EXPECT_EQ(commandLineOf(Arguments{"-machine", "pseries"}).mode, std::nullopt);
    EXPECT_EQ(commandLineOf(Arguments{"-machine", "type=powernv9,usb=off"}).machine, "powernv9");
}

TEST(CommandLine, KeepsTheAcceleratorsInOrder) {
    const CommandLine line =
        commandLineOf(Arguments{"-accel", "kvm,x=on", "-accel", "accel=tcg", "-enable-kvm"});
    EXPECT_EQ(line.accelerators, (std::vector<std::string>{"kvm", "tcg"}));
    EXPECT_EQ(line.accelerator, "kvm");
}

TEST(CommandLine, ReadsWhoTheGuestIs) {
    const CommandLine line =
        commandLineOf(Arguments{"qemu", "-name", "guest=a,,'b',debug-threads=on", "-S", "-uuid",
                                "00000000-0000-4000-8000-000000000001"});
    EXPECT_EQ(line.guest, "a,'b'");
    EXPECT_EQ(line.uuid, "00000000-0000-4000-8000-000000000001");
    EXPECT_EQ(commandLineOf(Arguments{"-name", "short,process=x"}).guest, "short");
}

TEST(CommandLine, LeavesTheRest) {
    for (const Arguments& arguments :
         {Arguments{}, Arguments{"-machine"}, Arguments{"-cpu", std::nullopt},
          Arguments{std::nullopt, "max-cpu-compat=power9"}, Arguments{"-name", "-cpu=x"},
          Arguments{"max-cpu-compat=power9"}, Arguments{"-device", "x,max-cpu-compat=power9"},
          // The value of another option, even if it looks like an option.
          Arguments{"-append", "-cpu", "POWER9"}, Arguments{"-append", "-machine", "accel=tcg"}}) {
        const CommandLine line = commandLineOf(arguments);
        EXPECT_EQ(line.mode, std::nullopt);
        EXPECT_EQ(line.cpu + line.accelerator + line.machine, "");
    }
    EXPECT_EQ(commandLineOf(Arguments{"-S", "-cpu", "POWER9"}).cpu, "POWER9");
}

TEST(CommandLine, TakesALineOfLibvirtApart) {
    EXPECT_EQ(wordsOf("A=b 'c d'=e qemu -x 'it'\\''s $x' '' -y"),
              (Arguments{"A=b", "c d=e", "qemu", "-x", "it's $x", "", "-y"}));
    EXPECT_EQ(wordsOf("a \\\nb\n"), (Arguments{"a", "b"}));
    EXPECT_EQ(wordsOf("'never ends"), (Arguments{"never ends"}));
    EXPECT_EQ(wordsOf("a\\"), (Arguments{"a\\"}));
    EXPECT_EQ(wordsOf(""), Arguments{});
}

TEST(CommandLine, TakesTheArgumentsOfAProcessApart) {
    using namespace std::string_view_literals;
    EXPECT_EQ(argumentsOf("qemu\0-S\0\0-cpu\0"sv), (Arguments{"qemu", "-S", "", "-cpu"}));
    EXPECT_EQ(argumentsOf("cut"sv), Arguments{"cut"});
    EXPECT_EQ(argumentsOf(""sv), Arguments{});
}

} // namespace
} // namespace hostcompat::policy
