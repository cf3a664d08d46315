// SPDX-License-Identifier: LGPL-2.1-or-later
// Asks SELinux about the daemons of this system, and names the installed policy modules.
#include "tools/confined.hpp"

#include "driver/libvirt/drop_in.hpp"
#include "tools/paths.hpp"

#include <fmt/format.h>

#include <string_view>

namespace hostcompat::tools {

namespace {

/// The command that loads a policy module of this program.
std::string loading(const char* name) {
    return std::string_view(kPolicyFolder).empty()
               ? fmt::format("compile and load {}.te of the sources' folder packaging/selinux",
                             name)
               : fmt::format("run 'semodule -i {}/{}.pp'", kPolicyFolder, name);
}

std::vector<libvirt::ConfinedDaemon> daemonsHere() {
    std::vector<libvirt::ConfinedDaemon> found;
    for (const std::string_view name : libvirt::kDaemons) {
        libvirt::ConfinedDaemon& daemon = found.emplace_back();
        daemon.name = name;
        for (const auto& running : libvirt::runningDaemons(name, kInstalledModule)
                                       .value_or(std::vector<libvirt::RunningDaemon>()))
            daemon.processes.push_back(running.process);
    }
    return found;
}

} // namespace

libvirt::Confinement confinedHook(const std::string& hook, const std::string& program,
                                  bool isThere) {
    const libvirt::HookFiles files{
        .hook = hook, .program = program, .remedy = loading("virt-host-compat")};
    return isThere ? confinementOfHook(libvirt::systemSelinux(), files, daemonsHere())
                   : confinementOfNewHook(libvirt::systemSelinux(), files, daemonsHere());
}

libvirt::Confinement confinedPreload(const std::string& daemon) {
    return confinementOfPreload(libvirt::systemSelinux(), daemon,
                                loading("virt-host-compat-preload"));
}

std::optional<Error> enforcedProblem(const libvirt::Confinement& said, Console& console) {
    if (!said.problem || said.enforced)
        return said.problem;
    console.warn(
        fmt::format("SELinux does not enforce this now: {}", model::describe(*said.problem)));
    return std::nullopt;
}

} // namespace hostcompat::tools
