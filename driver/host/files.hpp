// SPDX-License-Identifier: LGPL-2.1-or-later
// Small files of procfs, sysfs and the device tree below a root folder.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hostcompat::host {

/// The file's content; nothing if it cannot be read.
std::optional<std::string> readSmallFile(const std::filesystem::path& path);

/// The file's decimal number, or nothing. Negative numbers, which sysfs uses for "not known", are
/// nothing.
std::optional<std::uint64_t> readNumber(const std::filesystem::path& path);

/// The names in a folder, sorted; empty if it cannot be read.
std::vector<std::string> listFolder(const std::filesystem::path& path);

/// Of those, the folders and the links to folders.
std::vector<std::string> listSubfolders(const std::filesystem::path& path);

/// The numbers of the names that are the prefix and a number ("cpu12" for "cpu"), ascending.
std::vector<unsigned> listNumbered(const std::filesystem::path& path, std::string_view prefix);

/// The decimal number that is the whole text, or nothing.
std::optional<std::uint64_t> parseNumber(std::string_view text);

/// The text without white space (and NUL, which ends device tree strings) at its ends.
std::string_view trim(std::string_view text);

} // namespace hostcompat::host
