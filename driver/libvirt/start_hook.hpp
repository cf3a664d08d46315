// SPDX-License-Identifier: LGPL-2.1-or-later
// The hook that libvirt's QEMU driver runs before a guest starts.
#pragma once

#include "driver/model/error.hpp"
#include "driver/policy/host.hpp"

#include <string>
#include <string_view>

namespace hostcompat::libvirt {

/// The path of the hook, relative to the system's root (libvirt docs/hooks.rst; a folder of scripts
/// since libvirt 6.5).
inline constexpr std::string_view kHookPath = "etc/libvirt/hooks/qemu.d/virt-host-compat";

/// Whether the hook checks the operation: before a guest starts here, arrives by migration, or is
/// restored from a file. All other operations are allowed; refusing a "reconnect" would even end a
/// running guest (libvirt docs/hooks.rst).
bool hookDecides(std::string_view operation, std::string_view subOperation);

/// Why the guest is refused, as one sentence; empty if it is allowed: it is compatible, the
/// document cannot be read, the host's modes are unknown, KVM is not concerned, or only a guest
/// that starts here would fail, but this one arrives or is restored.
///
/// @param domainXml the document that libvirt gives the hook. @param operation "prepare" for a
/// guest that starts.
std::string hookRefusal(std::string domainXml, std::string_view operation,
                        const policy::PolicyHost& host);

/// The script at kHookPath. Only the program's status 1 becomes a refusal: a crash, a missing
/// program or a missing library must not keep guests from starting.
///
/// @param program the absolute path of virt-host-compat.
/// Errors: kind usage where the path is not absolute or holds what a shell would not take as it is.
Result<std::string> hookScript(std::string_view program);

/// The program that a script of hookScript() starts; empty for any other text.
std::string hookProgram(std::string_view script);

} // namespace hostcompat::libvirt
