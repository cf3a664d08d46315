// SPDX-License-Identifier: LGPL-2.1-or-later
// The command "daemon": makes libvirt's daemons preload the module, or stops that. It restarts no
// daemon.
#include "driver/libvirt/drop_in.hpp"
#include "driver/libvirt/preload_setting.hpp"
#include "tools/command.hpp"
#include "tools/confined.hpp"
#include "tools/options.hpp"
#include "tools/paths.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <unistd.h>

namespace hostcompat::tools {

namespace {

struct DaemonOptions {
    std::string root = "/";
    std::string module = kInstalledModule;
    std::vector<std::string> daemons;
};

/// The daemons that were named, or those that are installed.
Result<std::vector<std::string>> chosenDaemons(const DaemonOptions& options) {
    for (const std::string& daemon : options.daemons)
        if (std::ranges::find(libvirt::kDaemons, daemon) == libvirt::kDaemons.end())
            return std::unexpected(Error{.kind = ErrorKind::usage,
                                         .action = "preload the module into",
                                         .subject = daemon,
                                         .reason = "only libvirtd and virtqemud run QEMU guests"});
    if (!options.daemons.empty())
        return options.daemons;
    auto installed = libvirt::installedDaemons(options.root);
    if (installed && installed->empty())
        return std::unexpected(Error{.kind = ErrorKind::input,
                                     .action = "find a libvirt daemon below",
                                     .subject = options.root,
                                     .reason = "there is no unit libvirtd.service or "
                                               "virtqemud.service",
                                     .remedy = "install libvirt, or name the daemon"});
    return installed;
}

/// Checks that the drop-in would work: SELinux lets the module load, it loads, and nothing else
/// sets LD_PRELOAD.
Result<void> checkDaemon(const DaemonOptions& options, const std::string& daemon,
                         Console& console) {
    const auto other = libvirt::otherPreload(options.root, daemon);
    if (!other)
        return std::unexpected(other.error());
    if (*other)
        return std::unexpected(
            Error{.kind = ErrorKind::input,
                  .action = fmt::format("preload the module into {}", daemon),
                  .subject = (*other)->file.string(),
                  .line = (*other)->line,
                  .reason = "LD_PRELOAD is already set here, and systemd uses only one setting",
                  .remedy = fmt::format("add ':{}' to it here, instead of 'daemon enable'",
                                        options.module)});
    // With --root, no program is run, and the policy of this host does not matter.
    if (options.root != "/")
        return {};
    if (auto denied = enforcedProblem(confinedPreload(daemon), console))
        return std::unexpected(std::move(*denied));
    return libvirt::tryModule(options.module, daemon);
}

std::string restartHint(const std::vector<std::string>& daemons) {
    std::string units;
    for (const std::string& daemon : daemons)
        units += fmt::format(" {}.service", daemon);
    return fmt::format("Now run: systemctl daemon-reload && systemctl try-restart{}", units);
}

Status enable(const DaemonOptions& options, Console& console) {
    const auto daemons = chosenDaemons(options);
    if (!daemons)
        return console.fail(daemons.error());
    const auto text = libvirt::dropInText(options.module);
    if (!text)
        return console.fail(text.error());
    // With --root, the module may be installed later.
    const auto module =
        std::filesystem::path(options.root) / std::filesystem::path(options.module).relative_path();
    if (options.root == "/" || ::access(module.c_str(), F_OK) == 0)
        if (const auto checked = libvirt::checkModule(module); !checked)
            return console.fail(checked.error());
    // All daemons are checked before the first one is changed.
    for (const std::string& daemon : *daemons)
        if (const auto checked = checkDaemon(options, daemon, console); !checked)
            return console.fail(checked.error());
    for (const std::string& daemon : *daemons) {
        const auto path = libvirt::dropInPath(options.root, daemon);
        if (const auto written = input::writeManaged(path, *text); !written)
            return console.fail(written.error());
        console.printLine(fmt::format("{}: wrote {}", daemon, path.string()));
    }
    console.printLine(restartHint(*daemons));
    return Status::yes;
}

/// Removes the drop-in of every daemon, even of one that is no longer installed.
Status disable(const DaemonOptions& options, Console& console) {
    std::vector<std::string> changed;
    Status status = Status::yes;
    std::vector<std::string> daemons(libvirt::kDaemons.begin(), libvirt::kDaemons.end());
    if (!options.daemons.empty()) {
        auto named = chosenDaemons(options);
        if (!named)
            return console.fail(named.error());
        daemons = std::move(*named);
    }
    for (const std::string& daemon : daemons) {
        const auto path = libvirt::dropInPath(options.root, daemon);
        const auto removed = input::removeManagedWithFolder(path);
        if (!removed) {
            status = worse(status, console.fail(removed.error()));
        } else if (*removed) {
            console.printLine(fmt::format("{}: removed {}", daemon, path.string()));
            changed.push_back(daemon);
        }
    }
    if (changed.empty() && status == Status::yes)
        console.printLine("no daemon had the module");
    if (!changed.empty())
        console.printLine(restartHint(changed));
    return status;
}

std::string runningText(const std::string& daemon, const std::string& module) {
    const auto running = libvirt::runningDaemons(daemon, module);
    if (!running)
        return ", run this as root to see whether it runs with the module";
    std::string text;
    for (const libvirt::RunningDaemon& each : *running)
        text += fmt::format(", process {} runs {} it", each.process,
                            each.hasModule ? "with" : "without");
    return text.empty() ? ", not running" : text;
}

Status status(const DaemonOptions& options, Console& console) {
    const auto daemons = chosenDaemons(options);
    if (!daemons)
        return console.fail(daemons.error());
    Status result = Status::yes;
    for (const std::string& daemon : *daemons) {
        const auto path = libvirt::dropInPath(options.root, daemon);
        const auto state = input::lookAtManaged(path);
        if (!state) {
            result = worse(result, console.fail(state.error()));
            continue;
        }
        const auto other = libvirt::otherPreload(options.root, daemon);
        if (!other) {
            result = worse(result, console.fail(other.error()));
            continue;
        }
        const bool enabled = state->state == input::ManagedState::ours;
        std::optional<Error> denied;
        if (options.root == "/")
            denied = enforcedProblem(confinedPreload(daemon), console);
        if (!enabled || *other || denied)
            result = worse(result, Status::no);
        console.printLine(fmt::format(
            "{}: {}{}{}{}", daemon,
            enabled ? fmt::format("enabled by {}", path.string())
            : state->state == input::ManagedState::absent
                ? std::string("not enabled")
                : fmt::format("not enabled, {} was not written by this program", path.string()),
            *other ? fmt::format(", {}:{} sets LD_PRELOAD too", (*other)->file.string(),
                                 (*other)->line)
                   : "",
            options.root == "/" ? runningText(daemon, options.module) : "",
            denied ? fmt::format(", {}", model::describe(*denied)) : ""));
    }
    console.printLine(
        "If <compat> is missing although the module runs, libvirt's log has the reason, "
        "once: journalctl --grep='virt-host-compat|passed on unchanged'");
    return result;
}

} // namespace

void addDaemon(CLI::App& app, Action& chosen) {
    Command command(app, "daemon",
                    "Make libvirt's daemons add <compat> to the capabilities that they give");
    command.requireSubcommand();
    auto options = std::make_shared<DaemonOptions>();
    const auto add = [&](const char* name, const char* text,
                         Status (*action)(const DaemonOptions&, Console&)) {
        Command part(command.app(), name, text);
        part.inputs("DAEMON", options->daemons,
                    "libvirtd or virtqemud (default: those that are installed)");
        part.text("--root", options->root, "DIR", "Use DIR instead of /");
        part.text("--module", options->module, "PATH",
                  "The absolute path of the module, as the daemon will find it");
        part.onChosen(chosen,
                      [options, action](Console& console) { return action(*options, console); });
    };
    add("enable", "Write the drop-in with which systemd preloads the module", &enable);
    add("disable", "Remove the drop-in", &disable);
    add("status", "Print whether the drop-in exists, and whether the running daemon has the module",
        &status);
}

} // namespace hostcompat::tools
