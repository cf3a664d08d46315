// SPDX-License-Identifier: LGPL-2.1-or-later
// Asks a QEMU binary which compatibility modes it accepts.
#pragma once

#include "driver/model/error.hpp"
#include "driver/model/mode.hpp"

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace hostcompat::qemu {

/// What a QEMU binary accepts as max-cpu-compat of its machine pseries.
struct QemuModes {
    /// The binary, as the user named it.
    std::string binary;
    /// Names of accepted modes, in the order in which they were asked for.
    std::vector<std::string> accepted;
    /// The CPU model, in upper case, that the CPU "host" is on this machine under KVM ("POWER10");
    /// empty if it was not asked for, or QEMU cannot use KVM.
    std::string hostModel = {};
    /// The machine that "pseries" stands for ("pseries-10.0"), and whether it requires a second
    /// watchpoint register (its capability dawr1); empty and false if QEMU did not say.
    std::string machine = {};
    bool requiresSecondWatchpoint = false;

    bool takes(std::string_view mode) const;
    /// The accepted modes.
    model::ModeSet modes() const;
};

/// The names to ask for: those of the table, and the older ones of QEMU (QEMU target/ppc/compat.c,
/// compat_table).
std::vector<std::string> modesToAskFor(model::ModeTable table = model::modeTable());

/// Starts the binary without running a guest and sets the property max-cpu-compat of a machine
/// pseries to each name, so its own table answers and no version is compared.
///
/// The machine is made but not started (--preconfig), without KVM, configuration files or a shell;
/// the process is killed after the time limit. The machine's capabilities are asked for in a second
/// start without a running CPU, because they have no values before (QEMU hw/ppc/spapr_caps.c,
/// spapr_caps_init()).
///
/// @param binary a path, or a name that is looked up in PATH.
/// @param askForHost whether hostModel is asked for, in another start with KVM and without a
/// machine. What fails in the later starts is left empty.
/// Errors: kind input if the binary cannot be started, has no machine pseries, or gives no answer
/// that is understood; kind system if a pipe or process cannot be made.
Result<QemuModes> askQemu(const std::string& binary, const std::vector<std::string>& names,
                          bool askForHost = false,
                          std::chrono::milliseconds timeout = std::chrono::seconds(20));

} // namespace hostcompat::qemu
