// SPDX-License-Identifier: LGPL-2.1-or-later
// Writes and removes the files with the answer.
#pragma once

#include "driver/model/error.hpp"
#include "driver/publish/format.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace hostcompat::publish {

/// A format and the file that it is written to.
struct Output {
    const Format* format = nullptr;
    std::filesystem::path path;
};

/// The result of writing an output.
struct Written {
    enum class Change {
        written,
        unchanged,
        removed, ///< the format cannot express the host's current answer
        none,    ///< as removed, and there was no file
    };
    Change change = Change::none;
    /// Names that the file had and that its reader keeps until somebody removes them
    /// (Format::keptName).
    std::vector<std::string> lost;
};

/// Updates an output atomically, and only if its content changes.
///
/// @param content Format::render() of the host's record.
/// Errors: those of input::writeManaged() and input::removeManaged(); kind input if a file of
/// somebody else speaks for the same node (nova).
Result<Written> writeOutput(const Output& output, const std::string& content);

/// Removes the file of an output. Returns whether there was one. Errors: as writeOutput().
Result<bool> removeOutput(const Output& output);

/// Whether an output is up to date.
struct OutputState {
    enum class State {
        current,
        stale,   ///< the file has other content, or is missing
        foreign, ///< there is a file that this program did not write
    };
    State state = State::current;
    /// When the file was written or confirmed, in seconds since 1970; 0 without a file.
    std::int64_t since = 0;
};

/// Compares an output with the content that it should have. Errors: those of lookAtManaged().
Result<OutputState> outputState(const Output& output, const std::string& content);

/// Where an absolute path is that is named in the list of a root.
std::filesystem::path belowRoot(const std::filesystem::path& path,
                                const std::filesystem::path& root);

/// Reads the list of enabled outputs: lines FORMAT or FORMAT = PATH; empty lines and those that
/// begin with # are ignored.
///
/// @param root what all paths are below. @param name what messages call the text.
/// Errors: kind input with the line: an unknown format, one that is there twice, a path that is not
/// absolute or that another format has.
Result<std::vector<Output>> parseConfig(std::string_view text, std::string_view name,
                                        const std::filesystem::path& root);

/// The list as parseConfig() reads it, with the mark of this program.
std::string configText(const std::vector<Output>& outputs, const std::filesystem::path& root);

} // namespace hostcompat::publish
