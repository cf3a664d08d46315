// SPDX-License-Identifier: LGPL-2.1-or-later
// The documents below a folder, one after another, in an order that does not depend on the file
// system.
#pragma once

#include "driver/model/error.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace hostcompat::input {

/// What a folder is searched for.
enum class FolderOf {
    documents, ///< names that end in ".xml"
    hosts,     ///< in ".xml" or ".json": documents and records
    domains,   ///< in ".xml", but not in folders called "networks" and "autostart", where libvirt
               ///< keeps its networks, and links to the domains beside them
};

/// Walks through a folder and those in it: a folder's entries by name (bytes compared), a folder
/// where its name falls. Finds regular files, and links to them, whose names have the wanted ending
/// and do not begin with a dot. Folders that begin with a dot, and links to folders, are ignored.
/// Memory does not grow with the number of files: a large folder is read several times, one batch
/// of names at a time.
class FolderWalk {
public:
    /// @param batch how many names of one folder are held; tests choose a small one.
    explicit FolderWalk(std::string folder, FolderOf wanted = FolderOf::documents,
                        std::size_t batch = 65536);

    /// The path of the next document, or an Error for a folder that cannot be read (kind input,
    /// errno is set), after which the walk goes on, or nothing at the end.
    std::optional<Result<std::string>> next();

private:
    struct Entry {
        std::string name;
        bool isFolder;
    };
    struct Level {
        std::string folder;
        std::vector<Entry> entries;
        std::size_t at = 0;
        /// The last name of the batch before; the next begins behind it.
        std::string last;
        bool more = true;
    };
    Result<void> fill(Level& level) const;

    FolderOf wanted_;
    std::size_t batch_;
    std::vector<Level> levels_;
};

} // namespace hostcompat::input
