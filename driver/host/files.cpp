// SPDX-License-Identifier: LGPL-2.1-or-later
// Reads small files; a file that cannot be read is treated as missing.
#include "driver/host/files.hpp"

#include "driver/input/read_file.hpp"

#include <system_error>

#include <algorithm>
#include <charconv>

namespace hostcompat::host {

std::optional<std::string> readSmallFile(const std::filesystem::path& path) {
    auto content = input::readInput(path.string());
    if (!content)
        return std::nullopt;
    return std::move(*content);
}

std::string_view trim(std::string_view text) {
    constexpr std::string_view blank(" \t\r\n\0", 5);
    const auto begin = text.find_first_not_of(blank);
    if (begin == std::string_view::npos)
        return {};
    return text.substr(begin, text.find_last_not_of(blank) - begin + 1);
}

std::optional<std::uint64_t> parseNumber(std::string_view text) {
    std::uint64_t number = 0;
    const char* end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc() || rest != end)
        return std::nullopt;
    return number;
}

std::optional<std::uint64_t> readNumber(const std::filesystem::path& path) {
    const auto content = readSmallFile(path);
    return content ? parseNumber(trim(*content)) : std::nullopt;
}

namespace {

/// The sorted names of the entries that `wanted` accepts.
template <typename Wanted>
std::vector<std::string> listEntries(const std::filesystem::path& path, Wanted wanted) {
    std::vector<std::string> names;
    std::error_code error;
    for (std::filesystem::directory_iterator entry(path, error), end; !error && entry != end;
         entry.increment(error))
        if (wanted(*entry))
            names.push_back(entry->path().filename().string());
    std::ranges::sort(names);
    return names;
}

} // namespace

std::vector<std::string> listFolder(const std::filesystem::path& path) {
    return listEntries(path, [](const auto&) { return true; });
}

std::vector<std::string> listSubfolders(const std::filesystem::path& path) {
    // The listing contains the type, so no further system call is needed.
    return listEntries(path, [](const std::filesystem::directory_entry& entry) {
        std::error_code error;
        return entry.is_directory(error);
    });
}

std::vector<unsigned> listNumbered(const std::filesystem::path& path, std::string_view prefix) {
    std::vector<unsigned> numbers;
    for (const std::string& name : listFolder(path)) {
        if (!name.starts_with(prefix))
            continue;
        const auto number = parseNumber(std::string_view(name).substr(prefix.size()));
        if (number && *number <= UINT32_MAX)
            numbers.push_back(static_cast<unsigned>(*number));
    }
    std::ranges::sort(numbers);
    return numbers;
}

} // namespace hostcompat::host
