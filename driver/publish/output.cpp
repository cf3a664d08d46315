// SPDX-License-Identifier: LGPL-2.1-or-later
// Writes, removes and compares the files of the formats.
#include "driver/publish/output.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <system_error>

#include <algorithm>
#include <fcntl.h>

namespace hostcompat::publish {

namespace {

input::ManagedKind kindOf(const Output& output) {
    input::ManagedKind kind{
        .isOurs = output.format->isOurs, .mode = output.format->mode, .temporaryFolder = {}};
    if (output.format->temporaryElsewhere)
        kind.temporaryFolder = output.path.parent_path().parent_path();
    return kind;
}

/// Removes the temporary file of a run that was killed. The caller holds the lock that all runs
/// use.
void removeTemporary(const Output& output) {
    const auto kind = kindOf(output);
    const std::string start = fmt::format(".{}.", output.path.filename().string());
    std::error_code error;
    const auto folder =
        kind.temporaryFolder.empty() ? output.path.parent_path() : kind.temporaryFolder;
    for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
        const std::string name = entry.path().filename().string();
        if (name.starts_with(start) && name.size() == start.size() + 6)
            std::filesystem::remove(entry.path(), error);
    }
}

/// Another file in the folder that Nova reads. nova-compute does not start if two files are for the
/// same node, and often only Nova knows to which node a file belongs.
std::filesystem::path otherProviderFile(const std::filesystem::path& path) {
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(path.parent_path(), error))
        if (entry.path().extension() == ".yaml" && entry.path().filename() != path.filename() &&
            !entry.path().filename().string().starts_with('.'))
            return entry.path();
    return {};
}

Result<void> touch(const std::filesystem::path& path) {
    if (::utimensat(AT_FDCWD, path.c_str(), nullptr, AT_SYMLINK_NOFOLLOW) == 0)
        return {};
    return std::unexpected(Error{.kind = ErrorKind::system,
                                 .action = "set the time of",
                                 .subject = path.string(),
                                 .errorNumber = errno});
}

bool hasLine(std::string_view content, std::string_view line) {
    for (std::size_t at = content.find(line); at != std::string_view::npos;
         at = content.find(line, at + 1)) {
        const std::size_t end = at + line.size();
        if (end == content.size() || content[end] == '\n')
            return true;
    }
    return false;
}

/// The names of the modes that are in the old content and missing in the new one.
std::vector<std::string> lostNames(const Format& format, std::string_view old,
                                   std::string_view content) {
    std::vector<std::string> lost;
    if (format.keptName == nullptr)
        return lost;
    for (unsigned number = 1; number < model::ModeSet::kEnd; ++number) {
        const std::string name = format.keptName(model::modeName(number));
        if (hasLine(old, name) && !hasLine(content, name))
            lost.push_back(name);
    }
    return lost;
}

} // namespace

Result<Written> writeOutput(const Output& output, const std::string& content) {
    const auto kind = kindOf(output);
    removeTemporary(output);
    const auto old = input::lookAtManaged(output.path, kind);
    if (!old)
        return std::unexpected(old.error());
    Written result;
    if (content.empty()) {
        const auto removed = input::removeManaged(output.path, kind);
        if (!removed)
            return std::unexpected(removed.error());
        result.change = *removed ? Written::Change::removed : Written::Change::none;
    } else {
        if (output.format->name == "nova")
            if (const auto other = otherProviderFile(output.path); !other.empty())
                return std::unexpected(
                    Error{.kind = ErrorKind::input,
                          .action = "write",
                          .subject = output.path.string(),
                          .reason = fmt::format("{} may be for the same node, and nova-compute "
                                                "does not start with two such files",
                                                other.string()),
                          .remedy = "add the traits that 'virt-host-compat publish print nova' "
                                    "prints to that file"});
        const auto written = input::writeManaged(output.path, content, kind);
        if (!written)
            return std::unexpected(written.error());
        result.change = *written ? Written::Change::written : Written::Change::unchanged;
        if (!*written && output.format->touched)
            if (auto touched = touch(output.path); !touched)
                return std::unexpected(std::move(touched.error()));
    }
    result.lost = lostNames(*output.format, old->content, content);
    return result;
}

Result<bool> removeOutput(const Output& output) {
    removeTemporary(output);
    return input::removeManaged(output.path, kindOf(output));
}

Result<OutputState> outputState(const Output& output, const std::string& content) {
    const auto file = input::lookAtManaged(output.path, kindOf(output));
    if (!file)
        return std::unexpected(file.error());
    OutputState state;
    struct stat status;
    if (file->state == input::ManagedState::foreign)
        state.state = OutputState::State::foreign;
    else if (file->content != content ||
             (file->state == input::ManagedState::absent) != content.empty())
        state.state = OutputState::State::stale;
    if (file->state != input::ManagedState::absent && ::stat(output.path.c_str(), &status) == 0)
        state.since = status.st_mtim.tv_sec;
    return state;
}

} // namespace hostcompat::publish
