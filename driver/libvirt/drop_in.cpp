// SPDX-License-Identifier: LGPL-2.1-or-later
// The drop-in's path and content, and the test whether the daemon starts with the module.
#include "driver/libvirt/drop_in.hpp"

#include "driver/input/read_file.hpp"
#include "driver/input/trusted_file.hpp"
#include "driver/libvirt/confinement.hpp"
#include "driver/libvirt/preload_setting.hpp"
#include "driver/process/child_process.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <system_error>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <unistd.h>

namespace hostcompat::libvirt {

namespace {

using namespace std::chrono_literals;

Error moduleError(const std::filesystem::path& module, std::string reason, std::string remedy) {
    return {.kind = ErrorKind::input,
            .action = "preload",
            .subject = module.string(),
            .reason = std::move(reason),
            .remedy = std::move(remedy)};
}

/// Runs "PROGRAM --version" with the module. Returns nothing if that worked, otherwise what the
/// program wrote to standard error or how it ended.
Result<std::string> tryWith(const std::filesystem::path& module,
                            const std::filesystem::path& program) {
    auto child = process::runChild(
        {"env", fmt::format("LD_PRELOAD={}", module.string()), program.string(), "--version"}, "",
        20s);
    if (!child)
        return std::unexpected(std::move(child.error()));
    if (child->timedOut)
        return "it did not exit within 20 seconds";
    std::string said = std::move(child->errors);
    while (said.ends_with('\n'))
        said.pop_back();
    // The daemon may print messages that are not about the module.
    if (child->status == 0 && !said.contains(module.string()))
        return {};
    if (said.empty() && child->status > 128)
        said = fmt::format("ended by signal {} ({})", child->status - 128,
                           sigabbrev_np(child->status - 128));
    else if (said.empty())
        said = fmt::format("ended with status {}", child->status);
    return said;
}

bool hasMapped(const std::filesystem::path& maps, const std::filesystem::path& module,
               bool& known) {
    const auto text = input::readInput(maps.string());
    known = known && text.has_value();
    return text && text->find(module.filename().string()) != std::string::npos;
}

} // namespace

std::filesystem::path dropInPath(const std::filesystem::path& root, std::string_view daemon) {
    return root / fmt::format("etc/systemd/system/{}.service.d/virt-host-compat.conf", daemon);
}

Result<std::vector<std::string>> installedDaemons(const std::filesystem::path& root) {
    std::vector<std::string> found;
    for (const std::string_view daemon : kDaemons)
        for (const char* const folder : kUnitFolders) {
            const auto unit = root / folder / fmt::format("{}.service", daemon);
            std::error_code error;
            const bool exists = std::filesystem::exists(unit, error);
            if (error)
                return std::unexpected(Error{.kind = ErrorKind::system,
                                             .action = "look at",
                                             .subject = unit.string(),
                                             .errorNumber = error.value()});
            if (exists) {
                found.emplace_back(daemon);
                break;
            }
        }
    return found;
}

Result<std::string> dropInText(const std::filesystem::path& module) {
    const std::string path = module.string();
    const bool plain = std::ranges::all_of(path, [](char character) {
        return character > ' ' && character < 127 &&
               std::string_view("\"'%:\\").find(character) == std::string_view::npos;
    });
    if (!path.starts_with('/') || !plain)
        return std::unexpected(Error{.kind = ErrorKind::usage,
                                     .action = "preload",
                                     .subject = path,
                                     .reason = "it is not an absolute path, or has white space, "
                                               "quotes, %, : or \\"});
    return fmt::format("{}; remove it with 'virt-host-compat daemon disable'.\n"
                       "[Service]\n"
                       "Environment=LD_PRELOAD={}\n",
                       input::kManagedMark, path);
}

Result<void> checkModule(const std::filesystem::path& module) {
    for (const auto& path : {module, module.parent_path()})
        if (auto trusted = input::checkTrusted(path.string()); !trusted)
            return trusted;
    struct stat status;
    if (::stat(module.c_str(), &status) != 0)
        return std::unexpected(moduleError(module, model::errorName(errno), ""));
    if ((status.st_mode & (S_ISUID | S_ISGID)) != 0)
        return std::unexpected(
            moduleError(module,
                        fmt::format("its mode {:04o} has the set-user-ID or the set-group-ID bit, "
                                    "with which any user could preload it into programs that run "
                                    "with the rights of others (ld.so(8))",
                                    status.st_mode & 07777),
                        fmt::format("run 'chmod ug-s {}'", module.string())));
    return {};
}

Result<void> tryModule(const std::filesystem::path& module, std::string_view daemon) {
    for (const char* folder : kProgramFolders) {
        const std::filesystem::path program = std::filesystem::path(folder) / daemon;
        if (::access(program.c_str(), X_OK) != 0)
            continue;
        const auto said = tryWith(module, program);
        if (!said)
            return std::unexpected(said.error());
        if (!said->empty())
            return std::unexpected(
                moduleError(module,
                            fmt::format("a test run of '{} --version' with it failed: {}",
                                        program.string(), *said),
                            "install the module that was built for this system"));
        return {};
    }
    return {};
}

std::optional<std::vector<RunningDaemon>> runningDaemons(std::string_view daemon,
                                                         const std::filesystem::path& module) {
    std::vector<RunningDaemon> found;
    bool known = true;
    std::error_code error;
    for (std::filesystem::directory_iterator entry("/proc", error), end; !error && entry != end;
         entry.increment(error)) {
        const std::string name = entry->path().filename().string();
        int process = 0;
        const auto [rest, problem] =
            std::from_chars(name.data(), name.data() + name.size(), process);
        if (problem != std::errc() || rest != name.data() + name.size())
            continue;
        const auto command = input::readInput((entry->path() / "comm").string());
        if (command && *command == fmt::format("{}\n", daemon))
            found.push_back({process, hasMapped(entry->path() / "maps", module, known)});
    }
    if (!known)
        return std::nullopt;
    return found;
}

} // namespace hostcompat::libvirt
