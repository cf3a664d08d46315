// SPDX-License-Identifier: LGPL-2.1-or-later
// What a domain's document has QEMU started with, beside a command line.
#pragma once

#include "driver/policy/command_line.hpp"
#include "driver/xml/domain.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace hostcompat::policy {

/// Whether two texts are equal but for the case of ASCII letters.
bool equalIgnoringCase(std::string_view left, std::string_view right);

/// The name that libvirt has now for a model with an older one (libvirt 9.0 src/cpu/cpu_ppc64.c,
/// virCPUppc64ConvertLegacy()).
std::string_view currentModelName(std::string_view model);

/// Whether any libvirt translates the model for QEMU: libvirt 9.0 src/cpu_map/index.xml for ppc64;
/// POWER11 since 11.4.
bool libvirtKnowsModel(std::string_view model);

/// The mode that <cpu> pins; empty where it pins none.
std::string documentedMode(const xml::Domain& domain);

/// The compatibility mode that a KVM guest's document pins, as written: that of the command line
/// beside <cpu>, else of <cpu>; empty where it pins none.
std::string pinnedMode(const xml::Domain& domain);

/// The accelerator of a command line: the first that is named, which QEMU takes where it can be
/// had; without one TCG.
std::string acceleratorOf(const CommandLine& line);

/// What <qemu:commandline> sets, where that is not what <cpu> says anyway; a sentence for each.
///
/// @param own what of the command line <qemu:commandline> sets.
std::vector<std::string> setByCommandLine(const xml::Domain& domain, const CommandLine& own);

/// What of a whole command line the document does not say; a sentence for each.
///
/// @param own what of it <qemu:commandline> sets.
std::vector<std::string> contradictions(const xml::Domain& domain, const CommandLine& line,
                                        const CommandLine& own, CommandLineOf who);

/// Whether a command line is that of the guest of that name with the document's UUID.
bool isOfGuest(const CommandLine& line, std::string_view name, const xml::Domain& domain);

} // namespace hostcompat::policy
