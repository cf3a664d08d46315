// SPDX-License-Identifier: LGPL-2.1-or-later
// QEMU's command line: what <qemu:commandline> adds to it, and a whole one.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hostcompat::policy {

/// Arguments; nothing for a <qemu:arg> without a value.
using Arguments = std::vector<std::optional<std::string>>;

/// The options that decide about the CPU, and those that name the guest; empty where they are not
/// given.
struct CommandLine {
    /// max-cpu-compat of the last -machine that has it; empty text where that takes the limit away.
    std::optional<std::string> mode;
    /// The last -cpu, with its options.
    std::string cpu;
    /// The type of the last -machine that names one.
    std::string machine;
    /// accel= of -machine, which QEMU refuses beside -accel, or "kvm" of -enable-kvm, which is the
    /// same.
    std::string accelerator;
    /// The accelerators of -accel. The second is taken only where the first cannot be had.
    std::vector<std::string> accelerators;
    /// The guest of -name, and -uuid.
    std::string guest;
    std::string uuid;
};

/// Where a whole command line comes from.
enum class CommandLineOf {
    daemon,  ///< from libvirt: what it would start
    process, ///< from the process of a guest that runs
};

/// Reads the arguments as QEMU does: the last of a kind wins (QEMU 7.2 softmmu/vl.c: qemu_init();
/// "-machine" is merged, of "-cpu" the last is taken). Arguments of <qemu:commandline> stand behind
/// those of libvirt, and so win over them.
CommandLine commandLineOf(const Arguments& arguments);

/// The words of a command line as virConnectDomainXMLToNative() gives it: variables, the program,
/// and its arguments, quoted for a shell (libvirt 9.0 src/util/vircommand.c: virCommandToString()).
Arguments wordsOf(std::string_view quoted);

/// The arguments of a process as /proc/PID/cmdline has them, each with a NUL behind it.
Arguments argumentsOf(std::string_view nulSeparated);

} // namespace hostcompat::policy
