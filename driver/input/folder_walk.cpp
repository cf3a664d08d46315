// SPDX-License-Identifier: LGPL-2.1-or-later
// Reads folders in sorted batches.
#include "driver/input/folder_walk.hpp"

#include "driver/input/read_file.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <string_view>
#include <utility>

namespace hostcompat::input {

namespace {

struct FolderCloser {
    void operator()(DIR* folder) const {
        ::closedir(folder);
    }
};

enum class Kind { document, folder, other };

Kind kindOf(int folder, const dirent& entry, FolderOf wanted) {
    const std::string_view name = entry.d_name;
    if (name.starts_with('.'))
        return Kind::other;
    const bool named =
        name.ends_with(".xml") || (wanted == FolderOf::hosts && name.ends_with(".json"));
    const bool libvirts =
        wanted == FolderOf::domains && (name == "networks" || name == "autostart");
    if (entry.d_type == DT_DIR)
        return libvirts ? Kind::other : Kind::folder;
    if (entry.d_type == DT_REG)
        return named ? Kind::document : Kind::other;
    // For links, and file systems without types, call stat(2). A broken link is returned, so that
    // reading it fails.
    struct stat status;
    if (entry.d_type == DT_UNKNOWN &&
        ::fstatat(folder, entry.d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
        S_ISDIR(status.st_mode))
        return libvirts ? Kind::other : Kind::folder;
    if (!named || (entry.d_type != DT_UNKNOWN && entry.d_type != DT_LNK))
        return Kind::other;
    if (::fstatat(folder, entry.d_name, &status, 0) != 0)
        return Kind::document;
    return S_ISREG(status.st_mode) ? Kind::document : Kind::other;
}

std::string joined(const std::string& folder, const std::string& name) {
    return folder.ends_with('/') ? folder + name : folder + "/" + name;
}

} // namespace

FolderWalk::FolderWalk(std::string folder, FolderOf wanted, std::size_t batch)
    : wanted_(wanted), batch_(std::max(batch, std::size_t{1})) {
    levels_.push_back(
        {.folder = std::move(folder), .entries = {}, .at = 0, .last = "", .more = true});
}

Result<void> FolderWalk::fill(Level& level) const {
    const auto failed = [&](const char* action, int number) {
        return std::unexpected(Error{.kind = ErrorKind::input,
                                     .action = action,
                                     .subject = inputName(level.folder),
                                     .line = 0,
                                     .errorNumber = number,
                                     .reason = "",
                                     .remedy = ""});
    };
    level.entries.clear();
    level.at = 0;
    level.more = false;
    const std::unique_ptr<DIR, FolderCloser> folder(::opendir(level.folder.c_str()));
    if (!folder)
        return failed("open the folder", errno);
    const auto byName = [](const Entry& left, const Entry& right) {
        return left.name < right.name;
    };
    const auto keepFirst = [&] {
        const auto end = level.entries.begin() + static_cast<std::ptrdiff_t>(batch_);
        std::ranges::nth_element(level.entries, end, byName);
        level.entries.erase(end, level.entries.end());
        level.more = true;
    };
    for (;;) {
        errno = 0;
        const dirent* entry = ::readdir(folder.get());
        if (!entry && errno != 0)
            return failed("read the folder", errno);
        if (!entry)
            break;
        if (level.last >= entry->d_name)
            continue;
        const Kind kind = kindOf(::dirfd(folder.get()), *entry, wanted_);
        if (kind == Kind::other)
            continue;
        level.entries.push_back({entry->d_name, kind == Kind::folder});
        if (level.entries.size() > 2 * batch_)
            keepFirst();
    }
    if (level.entries.size() > batch_)
        keepFirst();
    std::ranges::sort(level.entries, byName);
    if (!level.entries.empty())
        level.last = level.entries.back().name;
    return {};
}

std::optional<Result<std::string>> FolderWalk::next() {
    while (!levels_.empty()) {
        Level& level = levels_.back();
        if (level.at < level.entries.size()) {
            const Entry& entry = level.entries[level.at++];
            std::string path = joined(level.folder, entry.name);
            if (!entry.isFolder)
                return path;
            levels_.push_back(
                {.folder = std::move(path), .entries = {}, .at = 0, .last = "", .more = true});
        } else if (!level.more) {
            levels_.pop_back();
        } else if (auto filled = fill(level); !filled) {
            levels_.pop_back();
            return std::unexpected(std::move(filled.error()));
        }
    }
    return std::nullopt;
}

} // namespace hostcompat::input
