// SPDX-License-Identifier: LGPL-2.1-or-later
// Finds the process of a guest that libvirt runs on this host, and reads its command line.
#pragma once

#include <string>
#include <string_view>

namespace hostcompat::libvirt {

/// The process of a guest, or why it was not looked at.
struct GuestProcess {
    /// Its arguments, each with a NUL behind it; empty where the note says why.
    std::string commandLine;
    /// One clause; empty where there is a command line.
    std::string note;
};

/// Where processes are found; other places are for tests.
struct GuestProcessPlace {
    /// Where the system's libvirt keeps the PID files of its guests (libvirt 9.0
    /// src/qemu/qemu_conf.c: stateDir).
    std::string pidFiles = "/run/libvirt/qemu";
    std::string processes = "/proc";
};

/// Reads the command line of the process that holds the lock of libvirt's PID file "NAME.pid".
///
/// libvirt locks that file in the process before this becomes QEMU (libvirt 9.0
/// src/util/vircommand.c: virExec()), and the kernel drops the lock when the process ends. So no
/// number is believed that may belong to another process by now, and none that calls itself like
/// the guest. The file must be one that only root or this user can have written.
///
/// What comes back are still the process's own words: the caller compares them with the guest's
/// name and UUID. Nothing in them is parsed here.
GuestProcess readGuestProcess(std::string_view name, const GuestProcessPlace& place = {});

} // namespace hostcompat::libvirt
