// SPDX-License-Identifier: LGPL-2.1-or-later
// How the module changes libvirt's answers.
#pragma once

#include "driver/libvirt/module/answer.hpp"
#include "driver/model/error.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace hostcompat::libvirt::module {

/// Whether documents of that connection are about this host's KVM: a QEMU connection that leads
/// nowhere else; with a record instead of the host, any connection that leads nowhere else.
bool concernsHost(std::string_view uri, const Answer& answer);

/// libvirt's document with <compat>.
/// Errors: those of CapabilitiesDocument::read(), for a document without <cpu>, as of containers.
Result<std::string> withCompat(std::string_view document, const model::KnownCompat& compat);

/// libvirt's domain capabilities with what KVM runs, as policy::withDomainCpus() writes it; those
/// of other domains than KVM's on POWER as they are.
/// Errors: those of DomainCapabilitiesDocument::read().
Result<std::string> withDomainCpus(std::string_view document, const model::HostRecord& host);

/// The arguments of a comparison with the hypervisor's CPU; null if not given.
struct HypervisorQuestion {
    const char* arch = nullptr;
    const char* virtType = nullptr;
};

/// Whether the question is about a KVM guest on POWER.
bool concernsPowerKvm(const HypervisorQuestion& question);

/// The compatibility mode that a guest's CPU asks for and that KVM refuses; empty if the text is
/// not <cpu mode='host-model'> with a mode as its <model>, or nothing says that it is refused.
std::string refusedMode(std::string_view cpuXml, const model::KnownCompat& compat);

} // namespace hostcompat::libvirt::module
