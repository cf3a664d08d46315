// SPDX-License-Identifier: LGPL-2.1-or-later
// The inputs that a command line names: files, standard input, folders and lists of them, in order.
#pragma once

#include "driver/input/folder_walk.hpp"
#include "driver/input/path_list.hpp"
#include "driver/model/error.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace hostcompat::input {

/// A stream of inputs: first the paths named, in their order, then those of the list. A folder
/// stands for what is searched for below it (FolderWalk); in the list a name that ends in ".xml" is
/// always a document's. Only the position in the stream is held. Not thread-safe.
class Inputs {
public:
    /// @param paths files, folders, or "-" for standard input.
    /// @param list a file with more of them, or "-" for standard input; nothing for none.
    /// @param wanted what folders are searched for.
    explicit Inputs(std::vector<std::string> paths, std::optional<std::string> list = std::nullopt,
                    FolderOf wanted = FolderOf::documents);

    /// The next input, as readInput() takes it; or an Error for one that cannot be had, after which
    /// the stream goes on; or nothing at the end. Files are not opened: whether they can be read
    /// shows on reading them. Errors: those of FolderWalk and PathList; input, for a folder named
    /// that holds no document; usage, for standard input that is to be the list or another input
    /// already.
    std::optional<Result<std::string>> next();

private:
    std::optional<Result<std::string>> nextNamed();

    FolderOf wanted_;
    std::vector<std::string> paths_;
    std::size_t at_ = 0;
    bool listed_ = false; ///< the last name came from the list
    std::optional<PathList> list_;
    bool standardInputTaken_ = false;
    std::optional<FolderWalk> walk_;
    std::string folder_;
    bool folderIsEmpty_ = false;
};

} // namespace hostcompat::input
