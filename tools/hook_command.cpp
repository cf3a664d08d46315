// SPDX-License-Identifier: LGPL-2.1-or-later
// The command "hook": installs, removes and checks libvirt's hook for QEMU, and runs it.
#include "driver/answer/probe_host.hpp"
#include "driver/input/managed_file.hpp"
#include "driver/input/read_file.hpp"
#include "driver/libvirt/start_hook.hpp"
#include "driver/process/child_process.hpp"
#include "tools/command.hpp"
#include "tools/confined.hpp"
#include "tools/host_source.hpp"
#include "tools/options.hpp"
#include "tools/paths.hpp"
#include "tools/sandboxing.hpp"

#include <fmt/format.h>

#include <memory>
#include <unistd.h>

namespace hostcompat::tools {

namespace {

struct HookOptions {
    std::string root = "/";
    std::string program = kInstalledProgram;
    std::string probe;
    std::vector<std::string> arguments;
    double timeout = 5.0;
};

std::filesystem::path hookPath(const HookOptions& options) {
    return std::filesystem::path(options.root) / libvirt::kHookPath;
}

Status install(const HookOptions& options, Console& console) {
    const auto script = libvirt::hookScript(options.program);
    if (!script)
        return console.fail(script.error());
    // With --root, the hook may be installed before the program.
    if (options.root == "/" && ::access(options.program.c_str(), X_OK) != 0)
        return console.fail({.kind = ErrorKind::input,
                             .action = "install the hook for",
                             .subject = options.program,
                             .errorNumber = errno,
                             .remedy = "give the path of the installed program with --program"});
    const auto path = hookPath(options);
    input::ManagedKind kind{.mode = 0755};
    if (options.root == "/") {
        auto confinement = confinedHook(path.string(), options.program, false);
        if (const auto denied = enforcedProblem(confinement, console))
            return console.fail(*denied);
        kind.label = std::move(confinement.label);
    }
    if (const auto written = input::writeManaged(path, *script, kind); !written)
        return console.fail(written.error());
    console.printLine(fmt::format("wrote {}", path.string()));
    console.printLine("libvirt looks for hooks only when it starts. Now run: systemctl try-restart "
                      "libvirtd.service virtqemud.service");
    return Status::yes;
}

Status remove(const HookOptions& options, Console& console) {
    const auto path = hookPath(options);
    const auto removed = input::removeManagedWithFolder(path);
    if (!removed)
        return console.fail(removed.error());
    console.printLine(fmt::format("{} {}", *removed ? "removed" : "there is no", path.string()));
    return Status::yes;
}

Status status(const HookOptions& options, Console& console) {
    const auto path = hookPath(options);
    const auto state = input::lookAtManaged(path);
    if (!state)
        return console.fail(state.error());
    if (state->state != input::ManagedState::ours) {
        console.printLine(
            state->state == input::ManagedState::absent
                ? std::string("not installed")
                : fmt::format("not installed, {} was not written by this program", path.string()));
        return Status::no;
    }
    std::string text = fmt::format("installed as {}", path.string());
    Status result = Status::yes;
    const std::string program = libvirt::hookProgram(state->content);
    if (options.root == "/" && ::access(program.c_str(), X_OK) != 0) {
        text += fmt::format(", {} cannot be executed ({}) and every guest is allowed",
                            program.empty() ? "its program" : program, model::errorName(errno));
        result = Status::no;
    }
    if (options.root == "/")
        if (const auto denied =
                enforcedProblem(confinedHook(path.string(), program, true), console)) {
            text += fmt::format(", {}", model::describe(*denied));
            result = Status::no;
        }
    console.printLine(text);
    return result;
}

/// Reads the domain and asks the host, which may hang or fail. libvirt runs this as root, so it
/// drops its privileges before it parses the document, which the owner of the guest wrote.
std::string decide(const HookOptions& options) {
    auto domain = input::readInput("-");
    const auto host = lookAtHostAndSeal(options.probe, false);
    if (!domain || !host)
        return {};
    return libvirt::hookRefusal(std::move(*domain), options.arguments[1],
                                policy::policyHost(host->record, "this host"));
}

/// Any failure in here lets the guest start: a problem of this program must not prevent guests from
/// starting.
Status run(const HookOptions& options, Console& console) {
    const auto& arguments = options.arguments;
    if (arguments.size() < 3 || !libvirt::hookDecides(arguments[1], arguments[2]))
        return Status::yes;
    std::string refusal;
    try {
        const auto milliseconds =
            std::chrono::milliseconds(static_cast<std::int64_t>(options.timeout * 1000));
        const auto outcomes = process::runIsolated({[&] {
                                                       // libvirt waits until these are closed.
                                                       ::close(STDOUT_FILENO);
                                                       ::close(STDERR_FILENO);
                                                       return decide(options);
                                                   }},
                                                   milliseconds, 1);
        if (outcomes && outcomes->front().end == process::IsolatedOutcome::End::finished)
            refusal = outcomes->front().text;
    } catch (const std::exception&) {
        return Status::yes;
    }
    if (refusal.empty())
        return Status::yes;
    console.refuse(refusal);
    return Status::no;
}

} // namespace

void addHook(CLI::App& app, Action& chosen) {
    Command command(
        app, "hook",
        "Install, remove or run libvirt's hook that refuses guests that KVM would refuse");
    command.requireSubcommand();
    auto options = std::make_shared<HookOptions>();

    Command installing(command.app(), "install", "Write the hook into libvirt's hooks folder");
    installing.text("--root", options->root, "DIR", "Use DIR instead of /");
    installing.text("--program", options->program, "PATH", "The program that the hook starts");
    installing.onChosen(chosen, [options](Console& console) { return install(*options, console); });

    Command removing(command.app(), "remove", "Remove the hook");
    removing.text("--root", options->root, "DIR", "Use DIR instead of /");
    removing.onChosen(chosen, [options](Console& console) { return remove(*options, console); });

    Command telling(
        command.app(), "status",
        "Report whether the hook is installed, and whether SELinux lets libvirt execute it");
    telling.text("--root", options->root, "DIR", "Use DIR instead of /");
    telling.onChosen(chosen, [options](Console& console) { return status(*options, console); });

    Command running(command.app(), "run",
                    "Run as libvirt's hook on the domain document on standard input");
    running.inputs("ARGUMENT", options->arguments,
                   "The domain's name, the operation, the sub-operation and the extra argument");
    running.probe(options->probe);
    running.timeout(options->timeout,
                    "Allow the guest if it takes longer than SECONDS (default: 5)");
    running.onChosen(chosen, [options](Console& console) { return run(*options, console); });
}

} // namespace hostcompat::tools
