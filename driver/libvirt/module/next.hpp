// SPDX-License-Identifier: LGPL-2.1-or-later
// libvirt's own functions, which the module's functions call.
#pragma once

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#include <string>
#include <string_view>

namespace hostcompat::libvirt::module {

/// The functions, each null if the process has none.
struct NextCalls {
    decltype(&::virConnectGetCapabilities) getCapabilities = nullptr;
    decltype(&::virConnectGetDomainCapabilities) getDomainCapabilities = nullptr;
    decltype(&::virConnectCompareCPU) compareCpu = nullptr;
    decltype(&::virConnectCompareHypervisorCPU) compareHypervisorCpu = nullptr;
    decltype(&::virConnectGetURI) getUri = nullptr;
    decltype(&::virGetVersion) getVersion = nullptr;
};

/// The functions of the libvirt that this process uses; found once.
const NextCalls& nextCalls();

/// Writes a warning as one line (text::outputLine()) to libvirt's log. With a libvirt with which
/// this was not tested, writes it to syslog under the process's name.
void writeToLog(std::string_view text);

/// Sets libvirt's last error in this thread, so that the caller finds it. Returns whether it could.
bool setIncompatibleError(const std::string& text);

} // namespace hostcompat::libvirt::module
