// SPDX-License-Identifier: LGPL-2.1-or-later
// Searches the files from which systemd reads a daemon's environment.
#include "driver/libvirt/preload_setting.hpp"

#include "driver/input/read_file.hpp"
#include "driver/libvirt/drop_in.hpp"

#include <fmt/format.h>
#include <system_error>

#include <algorithm>
#include <cerrno>
#include <map>
#include <string>
#include <vector>

namespace hostcompat::libvirt {

namespace {

using Path = std::filesystem::path;

constexpr std::array<const char*, 4> kManagerFolders = {"etc/systemd", "run/systemd",
                                                        "usr/local/lib/systemd", "usr/lib/systemd"};

std::string_view trim(std::string_view text) {
    constexpr std::string_view blank = " \t\r";
    const auto begin = text.find_first_not_of(blank);
    return begin == std::string_view::npos
               ? std::string_view()
               : text.substr(begin, text.find_last_not_of(blank) - begin + 1);
}

/// The path in EnvironmentFile=. A "-" before it means that the file may be missing.
std::optional<Path> environmentFile(std::string_view line) {
    constexpr std::string_view key = "EnvironmentFile";
    const auto sign = line.find('=');
    if (sign == std::string_view::npos || trim(line.substr(0, sign)) != key)
        return std::nullopt;
    std::string_view value = trim(line.substr(sign + 1));
    if (value.starts_with('-'))
        value.remove_prefix(1);
    return value.starts_with('/') ? std::optional<Path>(value) : std::nullopt;
}

/// The files that take effect, by name: a file in an earlier folder replaces a file of the same
/// name.
class DropIns {
public:
    void add(const Path& folder) {
        std::error_code error;
        for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end;
             entry.increment(error))
            if (entry->path().extension() == ".conf")
                byName_.try_emplace(entry->path().filename().string(), entry->path());
    }
    void appendTo(std::vector<Path>& files) const {
        for (const auto& [name, path] : byName_)
            files.push_back(path);
    }

private:
    std::map<std::string, Path> byName_;
};

std::vector<Path> filesOf(const Path& root, std::string_view daemon) {
    const std::string unit = fmt::format("{}.service", daemon);
    std::vector<Path> files;
    for (const char* const folder : kManagerFolders)
        files.push_back(root / folder / "system.conf");
    DropIns ofManager;
    for (const char* const folder : kManagerFolders)
        ofManager.add(root / folder / "system.conf.d");
    ofManager.appendTo(files);
    for (const char* const folder : kUnitFolders) {
        std::error_code error;
        if (std::filesystem::exists(root / folder / unit, error)) {
            files.push_back(root / folder / unit);
            break;
        }
    }
    DropIns ofUnit;
    for (const char* const folder : kUnitFolders)
        ofUnit.add(root / folder / (unit + ".d"));
    for (const char* const folder : kUnitFolders)
        ofUnit.add(root / folder / "service.d");
    ofUnit.appendTo(files);
    std::erase(files, dropInPath(root, daemon));
    return files;
}

} // namespace

Result<std::optional<PreloadSetting>> otherPreload(const Path& root, std::string_view daemon) {
    std::vector<Path> files = filesOf(root, daemon);
    for (std::size_t at = 0; at < files.size(); ++at) {
        const Path file = files[at];
        const auto content = input::readInput(file.string());
        if (!content && content.error().errorNumber == ENOENT)
            continue;
        if (!content)
            return std::unexpected(content.error());
        std::string_view rest = *content;
        for (std::size_t number = 1; !rest.empty(); ++number) {
            const std::string_view whole = rest.substr(0, rest.find('\n'));
            rest.remove_prefix(std::min(rest.size(), whole.size() + 1));
            const std::string_view line = trim(whole);
            if (line.starts_with('#') || line.starts_with(';'))
                continue;
            if (line.contains("LD_PRELOAD"))
                return PreloadSetting{.file = file, .line = number};
            const auto named = environmentFile(line);
            if (!named)
                continue;
            const Path below = root / named->relative_path();
            if (std::ranges::find(files, below) == files.end())
                files.push_back(below);
        }
    }
    return std::nullopt;
}

} // namespace hostcompat::libvirt
