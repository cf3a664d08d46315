// SPDX-License-Identifier: LGPL-2.1-or-later
// Asks SELinux about each step from the daemon to the hook's program, in the order in which they
// happen.
#include "driver/libvirt/confinement.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <span>

namespace hostcompat::libvirt {

namespace {

constexpr int kInit = 1;
constexpr const char* kShell = "/bin/sh";
/// What matchpathcon(8) prints for a path that the policy does not label.
constexpr const char* kNoLabel = "<<none>>";
/// The type that packaging/selinux gives the hook.
constexpr std::string_view kHookType = "bin_t";

constexpr std::array<std::string_view, 3> kRead = {"getattr", "open", "read"};
constexpr std::array<std::string_view, 4> kExecute = {"getattr", "open", "read", "execute"};
constexpr std::array<std::string_view, 5> kExecuteHere = {"getattr", "open", "read", "execute",
                                                          "execute_no_trans"};
constexpr std::array<std::string_view, 1> kTransition = {"transition"};
constexpr std::array<std::string_view, 1> kEntrypoint = {"entrypoint"};
constexpr std::array<std::string_view, 1> kNoAtSecure = {"noatsecure"};

/// A domain that a daemon runs in, or will run in once systemd starts it.
struct DaemonDomain {
    std::string daemon;
    std::string context;
};

/// One access that the policy denies.
struct Denial {
    std::string from, to, kind, permissions;
    bool enforced = true;
};

Result<std::string> labelOf(const SelinuxCalls& calls, const std::string& path) {
    auto label = calls.label(path);
    if (!label)
        return std::unexpected(Error{.kind = ErrorKind::system,
                                     .action = "read the SELinux label of",
                                     .subject = path,
                                     .errorNumber = label.error()});
    return std::move(*label);
}

/// The domain in which systemd starts a daemon's program; empty if there is no such program.
Result<std::string> startedDomain(const SelinuxCalls& calls, const std::string& daemon) {
    const Selinux selinux(calls);
    for (const char* const folder : kProgramFolders) {
        const auto label = labelOf(calls, fmt::format("{}/{}", folder, daemon));
        if (!label && label.error().errorNumber == ENOENT)
            continue;
        if (!label)
            return std::unexpected(label.error());
        const auto init = selinux.contextOf(kInit);
        return init ? selinux.domainAfter(*init, *label) : init;
    }
    return {};
}

Result<std::vector<DaemonDomain>> domainsOf(const SelinuxCalls& calls,
                                            const std::vector<ConfinedDaemon>& daemons) {
    std::vector<DaemonDomain> found;
    const auto add = [&](const std::string& daemon, const std::string& context) {
        if (!context.empty() &&
            std::ranges::find(found, context, &DaemonDomain::context) == found.end())
            found.push_back({daemon, context});
    };
    for (const ConfinedDaemon& daemon : daemons) {
        const auto started = startedDomain(calls, daemon.name);
        if (!started)
            return std::unexpected(started.error());
        add(daemon.name, *started);
        for (const int process : daemon.processes) {
            const auto context = Selinux(calls).contextOf(process);
            if (!context &&
                (context.error().errorNumber == ENOENT || context.error().errorNumber == ESRCH))
                continue; // It has ended.
            if (!context)
                return std::unexpected(context.error());
            add(daemon.name, *context);
        }
    }
    return found;
}

/// Checks one access. Returns the Denial, or nothing if it is allowed.
Result<std::optional<Denial>> look(const SelinuxCalls& calls, const std::string& from,
                                   const std::string& to, const std::string& kind,
                                   std::span<const std::string_view> permissions) {
    auto denied = Selinux(calls).denied(from, to, kind, permissions);
    if (!denied)
        return std::unexpected(std::move(denied.error()));
    if (denied->permissions.empty())
        return std::nullopt;
    return Denial{from, to, kind, std::move(denied->permissions), denied->enforced};
}

/// The denial that prevents a domain from executing a file with this label; kernel:
/// selinux_bprm_creds_for_exec(). Sets `domain` to the one in which the file runs.
Result<std::optional<Denial>> lookAtExecution(const SelinuxCalls& calls, std::string& domain,
                                              const std::string& label) {
    const auto next = Selinux(calls).domainAfter(domain, label);
    if (!next)
        return std::unexpected(next.error());
    if (*next == domain)
        return look(calls, domain, label, "file", kExecuteHere);
    auto denial = look(calls, domain, label, "file", kExecute);
    if (denial && !*denial)
        denial = look(calls, domain, *next, "process", kTransition);
    if (denial && !*denial)
        denial = look(calls, *next, label, "file", kEntrypoint);
    // The shell opens the script again.
    if (denial && !*denial)
        denial = look(calls, *next, label, "file", kRead);
    domain = *next;
    return denial;
}

std::string words(const Denial& denial) {
    return fmt::format("SELinux's policy denies {}:{} {{ {} }} from {}", typeOf(denial.to),
                       denial.kind, denial.permissions, typeOf(denial.from));
}

void setProblem(Confinement& said, Error problem, bool enforced) {
    said.problem = std::move(problem);
    said.enforced = enforced && said.mode == SelinuxMode::enforcing;
}

/// Sets the mode; if it cannot be read, that is the problem. Returns whether SELinux can be asked.
bool beginsWithMode(Confinement& said, const SelinuxCalls& calls) {
    const auto mode = Selinux(calls).mode();
    said.mode = mode.value_or(SelinuxMode::enforcing);
    if (!mode)
        setProblem(said, mode.error(), true);
    return mode && *mode != SelinuxMode::absent;
}

/// Finds what prevents the daemons from executing a hook with this label, or its script from
/// executing its program.
Result<void> lookAtHook(Confinement& said, const SelinuxCalls& calls, const HookFiles& files,
                        const std::string& label, const std::string& remedy,
                        const std::vector<DaemonDomain>& domains) {
    const auto shell = labelOf(calls, kShell);
    if (!shell)
        return std::unexpected(shell.error());
    const auto program = labelOf(calls, files.program);
    if (!program && program.error().errorNumber != ENOENT)
        return std::unexpected(program.error());
    const auto report = [&](const DaemonDomain& daemon, const std::string& subject,
                            const Denial& denial, std::string_view end, std::string help) {
        // A denial that is enforced takes precedence.
        if (!said.problem || (!said.enforced && denial.enforced))
            setProblem(said,
                       {.kind = ErrorKind::input,
                        .action = fmt::format("let {} execute", daemon.daemon),
                        .subject = subject,
                        .reason = fmt::format("{}, and {}", words(denial), end),
                        .remedy = std::move(help)},
                       denial.enforced);
    };
    for (const DaemonDomain& daemon : domains) {
        std::string domain = daemon.context;
        const auto script = lookAtExecution(calls, domain, label);
        if (!script)
            return std::unexpected(script.error());
        if (*script) {
            report(daemon, files.hook, **script, "libvirt then refuses every guest", remedy);
            continue;
        }
        const auto rule = [](const Denial& denial) {
            return fmt::format("add the rule 'allow {} {}:{} {{ {} }};' to the policy",
                               typeOf(denial.from), typeOf(denial.to), denial.kind,
                               denial.permissions);
        };
        // The kernel opens the shell in the daemon's domain, and this does not cause a transition.
        const auto interpreter = look(calls, daemon.context, *shell, "file", kExecute);
        if (!interpreter)
            return std::unexpected(interpreter.error());
        if (*interpreter) {
            report(daemon, kShell, **interpreter, "libvirt then refuses every guest",
                   rule(**interpreter));
            continue;
        }
        if (!program)
            continue;
        const auto deciding = lookAtExecution(calls, domain, *program);
        if (!deciding)
            return std::unexpected(deciding.error());
        if (*deciding)
            report(daemon, files.program, **deciding, "the hook then lets every guest pass",
                   rule(**deciding));
    }
    return {};
}

/// The remedy if the policy has a label for the hook and denies access to it.
std::string remedyFor(const std::string& label, const HookFiles& files) {
    return typeOf(label) == kHookType
               ? "add rules to the policy that let the daemon execute it, or run "
                 "'virt-host-compat hook remove'"
               : files.remedy;
}

/// Calls a function; its error becomes the problem.
template <typename Work>
void attempt(Confinement& said, Work work) {
    if (const Result<void> done = work(); !done)
        setProblem(said, done.error(), true);
}

} // namespace

Confinement confinementOfNewHook(const SelinuxCalls& calls, const HookFiles& files,
                                 const std::vector<ConfinedDaemon>& daemons) {
    Confinement said;
    if (!beginsWithMode(said, calls))
        return said;
    attempt(said, [&]() -> Result<void> {
        const auto label = calls.wantedLabel(files.hook);
        if (!label)
            return std::unexpected(label.error());
        if (*label == kNoLabel)
            return {};
        said.label = *label;
        const auto domains = domainsOf(calls, daemons);
        if (!domains)
            return std::unexpected(domains.error());
        return lookAtHook(said, calls, files, *label, remedyFor(*label, files), *domains);
    });
    return said;
}

Confinement confinementOfHook(const SelinuxCalls& calls, const HookFiles& files,
                              const std::vector<ConfinedDaemon>& daemons) {
    Confinement said;
    if (!beginsWithMode(said, calls))
        return said;
    attempt(said, [&]() -> Result<void> {
        const auto label = labelOf(calls, files.hook);
        if (!label)
            return std::unexpected(label.error());
        said.label = *label;
        const auto domains = domainsOf(calls, daemons);
        if (!domains)
            return std::unexpected(domains.error());
        if (auto looked =
                lookAtHook(said, calls, files, *label, remedyFor(*label, files), *domains);
            !looked || !said.problem)
            return looked;
        // The file was labelled by hand, or before the policy had a label for it.
        const Confinement anew = confinementOfNewHook(calls, files, daemons);
        if (!anew.problem && anew.label != *label)
            said.problem->remedy = "run 'virt-host-compat hook install' again, which labels it";
        return {};
    });
    return said;
}

Confinement confinementOfPreload(const SelinuxCalls& calls, const std::string& daemon,
                                 const std::string& remedy) {
    Confinement said;
    if (!beginsWithMode(said, calls))
        return said;
    attempt(said, [&]() -> Result<void> {
        const auto init = Selinux(calls).contextOf(kInit);
        if (!init)
            return std::unexpected(init.error());
        const auto domain = startedDomain(calls, daemon);
        if (!domain)
            return std::unexpected(domain.error());
        if (domain->empty() || *domain == *init)
            return {};
        const auto denial = look(calls, *init, *domain, "process", kNoAtSecure);
        if (!denial)
            return std::unexpected(denial.error());
        if (*denial)
            setProblem(
                said,
                {.kind = ErrorKind::input,
                 .action = "preload a module by its path into",
                 .subject = daemon,
                 .reason = fmt::format("{}, and the loader then ignores the preload without a word",
                                       words(**denial)),
                 .remedy = remedy},
                (*denial)->enforced);
        return {};
    });
    return said;
}

} // namespace hostcompat::libvirt
