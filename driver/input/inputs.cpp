// SPDX-License-Identifier: LGPL-2.1-or-later
// Expands files, folders and lists into inputs.
#include "driver/input/inputs.hpp"

#include "driver/input/read_file.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <utility>

namespace hostcompat::input {

namespace {

/// Whether it is a folder. A missing file is not: reading it reports why. If stat(2) fails for
/// another reason, that is the error, because reading a folder would report a misleading one.
Result<bool> isFolder(const std::string& path) {
    struct stat status;
    if (::stat(path.c_str(), &status) == 0)
        return S_ISDIR(status.st_mode);
    if (errno == EIO || errno == ENOMEM)
        return std::unexpected(Error{.kind = ErrorKind::input,
                                     .action = "look at",
                                     .subject = inputName(path),
                                     .line = 0,
                                     .errorNumber = errno,
                                     .reason = "",
                                     .remedy = ""});
    return false;
}

Error noDocument(const std::string& folder, FolderOf wanted) {
    return {.kind = ErrorKind::input,
            .action = "find a document in",
            .subject = inputName(folder),
            .line = 0,
            .errorNumber = 0,
            .reason = wanted == FolderOf::hosts
                          ? "no file below this folder has a name that ends in .xml or .json"
                          : "no file below this folder has a name that ends in .xml",
            .remedy = ""};
}

Error takenTwice() {
    return {.kind = ErrorKind::usage,
            .action = "read standard input twice",
            .subject = "",
            .line = 0,
            .errorNumber = 0,
            .reason = "",
            .remedy = "name '-' only once"};
}

} // namespace

Inputs::Inputs(std::vector<std::string> paths, std::optional<std::string> list, FolderOf wanted)
    : wanted_(wanted), paths_(std::move(paths)) {
    standardInputTaken_ = list == "-";
    if (list)
        list_.emplace(std::move(*list));
}

std::optional<Result<std::string>> Inputs::nextNamed() {
    listed_ = at_ == paths_.size();
    if (!listed_)
        return std::move(paths_[at_++]);
    return list_ ? list_->next() : std::nullopt;
}

std::optional<Result<std::string>> Inputs::next() {
    for (;;) {
        if (walk_) {
            auto found = walk_->next();
            if (found) {
                folderIsEmpty_ = false;
                return found;
            }
            walk_.reset();
            if (folderIsEmpty_)
                return std::unexpected(noDocument(folder_, wanted_));
        }
        auto named = nextNamed();
        if (!named || !*named)
            return named;
        if (**named == "-") {
            if (std::exchange(standardInputTaken_, true))
                return std::unexpected(takenTwice());
            return named;
        }
        // Lists are long, and a stat(2) of each file would cost as much as opening it.
        if (listed_ && (**named).ends_with(".xml"))
            return named;
        const auto folder = isFolder(**named);
        if (!folder)
            return std::unexpected(folder.error());
        if (!*folder)
            return named;
        folder_ = **named;
        folderIsEmpty_ = true;
        walk_.emplace(folder_, wanted_);
    }
}

} // namespace hostcompat::input
