// SPDX-License-Identifier: LGPL-2.1-or-later
// What <qemu:commandline> adds to the command line that libvirt writes.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace hostcompat::policy {

/// The options that decide about the CPU; empty where they are not given.
struct CommandLine {
    /// max-cpu-compat of the last -machine that has it.
    std::string mode;
    /// The last -cpu, with its options.
    std::string cpu;
    /// accel= of -machine, which QEMU refuses beside the -accel that libvirt writes. A further
    /// -accel is taken only where the first, KVM, cannot be had.
    std::string accelerator;
};

/// Reads the arguments, which QEMU gets behind those of libvirt, so that the last of a kind wins
/// (QEMU 7.2 softmmu/vl.c: qemu_init(); "-machine" is merged, of "-cpu" the last is taken).
///
/// @param arguments the values of <qemu:arg>; nothing for one without a value.
CommandLine commandLineOf(const std::vector<std::optional<std::string>>& arguments);

} // namespace hostcompat::policy
