// SPDX-License-Identifier: LGPL-2.1-or-later
// Reads the module's settings; any error refuses the whole file.
#include "driver/libvirt/module/config.hpp"

#include "driver/input/trusted_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <set>

namespace hostcompat::libvirt::module {

namespace {

constexpr unsigned kLongestInterval = 86400;

std::string_view trim(std::string_view text) {
    constexpr std::string_view blank = " \t\r";
    const auto begin = text.find_first_not_of(blank);
    if (begin == std::string_view::npos)
        return {};
    return text.substr(begin, text.find_last_not_of(blank) - begin + 1);
}

/// Applies one setting, or returns what is wrong with it.
std::string apply(Config& config, std::string_view key, std::string_view value) {
    if (key == "probe") {
        if (!value.starts_with('/') || value.find('\0') != std::string_view::npos)
            return fmt::format("probe is '{}', which is not an absolute path", value);
        config.probe = value;
    } else if (key == "interval") {
        unsigned seconds = 0;
        const char* const end = value.data() + value.size();
        const auto [rest, error] = std::from_chars(value.data(), end, seconds);
        if (error != std::errc() || rest != end || seconds == 0 || seconds > kLongestInterval)
            return fmt::format("interval is '{}', which is not a number of seconds from 1 to {}",
                               value, kLongestInterval);
        config.interval = std::chrono::seconds(seconds);
    } else if (key == "compare") {
        if (value != "yes" && value != "no")
            return fmt::format("compare is '{}', which is neither yes nor no", value);
        config.compare = value == "yes";
    } else {
        return fmt::format("the key '{}' is none of probe, interval and compare", key);
    }
    return {};
}

} // namespace

Result<Config> parseConfig(std::string_view text, std::string_view name) {
    Config config;
    std::set<std::string_view> seen;
    for (std::size_t number = 1; !text.empty(); ++number) {
        const std::string_view whole = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), whole.size() + 1));
        const std::string_view line = trim(whole);
        if (line.empty() || line.starts_with('#'))
            continue;
        const auto sign = line.find('=');
        const std::string_view key = trim(line.substr(0, sign));
        std::string problem;
        if (sign == std::string_view::npos)
            problem = fmt::format("'{}' has no =", line);
        else if (!seen.insert(key).second)
            problem = fmt::format("the key '{}' appears twice", key);
        else
            problem = apply(config, key, trim(line.substr(sign + 1)));
        if (!problem.empty())
            return std::unexpected(Error{.kind = ErrorKind::input,
                                         .action = "read the module's configuration",
                                         .subject = std::string(name),
                                         .line = number,
                                         .reason = std::move(problem)});
    }
    return config;
}

Result<Config> readConfig(const std::string& path, bool mayBeMissing) {
    const auto text = input::readTrusted(path);
    if (!text && mayBeMissing && text.error().errorNumber == ENOENT)
        return Config{};
    if (!text)
        return std::unexpected(text.error());
    return parseConfig(*text, path);
}

} // namespace hostcompat::libvirt::module
