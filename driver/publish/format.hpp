// SPDX-License-Identifier: LGPL-2.1-or-later
// The answer in the formats of schedulers, monitoring and configuration management.
#pragma once

#include "driver/input/managed_file.hpp"
#include "driver/model/host_compat.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hostcompat::publish {

/// One format: its name, its file, and how the answer is written in it.
struct Format {
    std::string_view name;
    /// The file that the reader reads, below the root.
    std::string_view path;
    /// The permissions of the file.
    unsigned mode;
    /// Whether this program wrote a content of the format.
    bool (*isOurs)(std::string_view content);
    /// The whole file with its last newline; empty if the format has no way to say what the record
    /// says, so that there must be no file.
    std::string (*render)(const model::HostRecord& record);
    /// Whether the temporary file must be outside of the file's folder.
    bool temporaryElsewhere = false;
    /// Whether the file's time of modification says when the answer was last confirmed.
    bool touched = false;
    /// How the name of each supported mode is written in the file; null if the reader drops names
    /// that are no longer in the file.
    std::string (*keptName)(std::string_view mode) = nullptr;
};

/// Every format, in the order of the manual.
std::span<const Format> formats();

/// The format of that name, or null.
const Format* findFormat(std::string_view name);

} // namespace hostcompat::publish
