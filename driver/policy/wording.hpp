// SPDX-License-Identifier: LGPL-2.1-or-later
// Every message of the decisions.
#pragma once

#include "driver/policy/baseline.hpp"
#include "driver/policy/command_line.hpp"
#include "driver/policy/host.hpp"
#include "driver/policy/unpinned.hpp"
#include "driver/qemu/qemu_modes.hpp"
#include "driver/xml/domain.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace hostcompat::policy::wording {

/// "power9 and power10", oldest first; "no mode" for an empty set.
std::string modeNames(model::ModeSet modes);
/// "<cpu mode='host-model'><model>power9</model></cpu>"
std::string pinnedCpu(std::string_view mode);

// Verdicts: the reason.
std::string otherHypervisor(const xml::Domain& domain);
std::string otherArch(std::string_view arch);
std::string archUnknown();
std::string emulated();
std::string emulatedWithHostCpu(const xml::Domain& domain);
std::string emulatedWithHostOfCommandLine();
std::string emulatedAsStarted(std::string_view accelerator);
std::string refusedByDaemon(std::string_view daemon, std::string_view words);
std::string modelUnknownToLibvirt(const xml::Domain& domain);
std::string hostOfOtherArch(const xml::Domain& domain, const PolicyHost& host);
std::string machineWithoutKvm(std::string_view machine);
std::string invalidCpuMode(const xml::Domain& domain);
std::string maximumRefused();
std::string featureRefused(std::string_view feature);
std::string vendorIdRefused();
std::string otherVendor(std::string_view vendor);
std::string hostUnknown(const PolicyHost& host);
std::string supported(std::string_view mode, const PolicyHost& host);
std::string notSupported(std::string_view mode, const PolicyHost& host);
std::string newerThanHost(std::string_view mode, const PolicyHost& host);
std::string qemuRefuses(std::string_view mode, const qemu::QemuModes& qemu);
std::string wrongCase(std::string_view written, std::string_view mode);
std::string whiteSpaceInModel(std::string_view written);
std::string noSuchMode(std::string_view written, model::ModeTable table);
std::string modeNotTold(std::string_view written, const PolicyHost& host);
std::string hashedRefused(std::string_view written, const PolicyHost& host);
std::string customIsOtherGeneration(const xml::Domain& domain, std::string_view model,
                                    const PolicyHost& host);
std::string customIsMode(const xml::Domain& domain);
std::string customOnUnknownModel(std::string_view model, const PolicyHost& host);
/// How a guest without a pinned mode runs, why it does not, or why that is not known.
/// `level` is the number of the mode that the host runs in; `qemu` is null where none was asked.
std::string unpinned(Unpinned guest, const xml::Domain& domain, const PolicyHost& host,
                     unsigned level, const qemu::QemuModes* qemu);
std::string secondWatchpointRefused(const PolicyHost& host, unsigned level,
                                    const qemu::QemuModes& qemu);
std::string notPinned(std::string_view reason);
std::string pinWithFit();
std::string newerThanProcessor(std::string_view mode, const PolicyHost& host);
std::string libvirtDoesNotKnowProcessor(const PolicyHost& host);
std::string updateLibvirt(bool runsUnpinned);
std::string modelAttributeIgnored(std::string_view model);
std::string secondAccelerator(std::string_view accelerator);
std::string commandLinePins(const xml::Domain& domain, std::string_view mode);
std::string commandLineNamesCpu(const xml::Domain& domain, std::string_view cpu);
std::string namedCpuUnknown(std::string_view cpu);
std::string takeOutOfCommandLine(std::string_view what);
std::string qemuPins(const xml::Domain& domain, const qemu::QemuModes& qemu, unsigned mode);
std::string qemuPinsUnsupported(const qemu::QemuModes& qemu, const PolicyHost& host, unsigned mode);
std::string unpinnedWithoutModes(const PolicyHost& host, model::ModeTable table);

// Verdicts: the remedy.
std::string pin(std::string_view mode);
std::string useKvmOrModel();
std::string usePseries();
std::string useKnownCpuMode();
std::string lookAtTheHost(const PolicyHost& host);

// Warnings.
std::string archFromHost(const PolicyHost& host);
std::string tiesToGeneration(const xml::Domain& domain, const PolicyHost& host,
                             std::string_view newest);
std::string seesMoreThanGranted(const PolicyHost& host, unsigned level,
                                const qemu::QemuModes* qemu);
std::string secondWatchpoint(const PolicyHost& host, unsigned level, const qemu::QemuModes* qemu);
std::string smallPages(std::string_view mode, const PolicyHost& host);
std::string modelIgnored(const xml::Domain& domain);
std::string matchIsExact(const xml::Domain& domain);
/// @param there what the command line has of a property, and `here` the document; empty for
/// nothing.
std::string contradictsDocument(const xml::Domain& domain, CommandLineOf who,
                                std::string_view property, std::string_view there,
                                std::string_view here);
std::string legacyModel(std::string_view written, std::string_view model);

// Domains in which no mode can be pinned.
std::string noModeFrom(const PolicyHost& host, model::ModeSet usable, unsigned atLeast);
std::string noModeToPin(const PolicyHost& host);
std::string noModeForBoth(const PolicyHost& host, const qemu::QemuModes& qemu);

// Answers of earlier versions.
std::string doubtfulSource(std::string_view host, std::string_view source);
std::string doubtfulHosts(std::string_view first);

// Baselines and comparisons.
std::string hostDoesNotSay(std::string_view host, std::string_view reason = {});
std::string daemonDoesNotSay(std::string_view uri);
std::string someDoNotSay(std::uint64_t count);
std::string someDoNotSay(model::ModeSet modes);
std::string modesNotTold(std::string_view host, model::ModeSet modes);
std::string nobodySays();
/// "a, b and 3 more", "no host"
std::string someHosts(const HostNames& hosts);
std::string notCounted(std::uint64_t count);

} // namespace hostcompat::policy::wording
