// SPDX-License-Identifier: LGPL-2.1-or-later
// Reads and writes the list of enabled outputs.
#include "driver/publish/output.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace hostcompat::publish {

namespace {

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view kBlanks = " \t\r";
    const auto begin = text.find_first_not_of(kBlanks);
    if (begin == std::string_view::npos)
        return {};
    return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

} // namespace

std::filesystem::path belowRoot(const std::filesystem::path& path,
                                const std::filesystem::path& root) {
    return root / path.lexically_normal().relative_path();
}

Result<std::vector<Output>> parseConfig(std::string_view text, std::string_view name,
                                        const std::filesystem::path& root) {
    std::vector<Output> outputs;
    for (std::size_t number = 1; !text.empty(); ++number) {
        const auto end = std::min(text.find('\n'), text.size());
        const std::string_view line = trimmed(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
        if (line.empty() || line.starts_with('#'))
            continue;
        const auto refuse = [&](std::string reason) {
            return std::unexpected(Error{.kind = ErrorKind::input,
                                         .action = "read the enabled formats",
                                         .subject = std::string(name),
                                         .line = number,
                                         .reason = std::move(reason)});
        };
        const auto equals = line.find('=');
        const std::string_view word = trimmed(line.substr(0, equals));
        const Format* format = findFormat(word);
        if (format == nullptr)
            return refuse(fmt::format("'{}' is not a format", word));
        if (std::ranges::find(outputs, format, &Output::format) != outputs.end())
            return refuse(fmt::format("{} appears twice", word));
        std::filesystem::path path = root / format->path;
        if (equals != std::string_view::npos) {
            const std::filesystem::path own = trimmed(line.substr(equals + 1));
            if (!own.is_absolute())
                return refuse("the path after '=' is not absolute");
            path = belowRoot(own, root);
        }
        const auto other = std::ranges::find(outputs, path, &Output::path);
        if (other != outputs.end())
            return refuse(fmt::format("{} and {} would write the same file, {}",
                                      other->format->name, word, path.string()));
        outputs.push_back({.format = format, .path = std::move(path)});
    }
    return outputs;
}

std::string configText(const std::vector<Output>& outputs, const std::filesystem::path& root) {
    std::string text = fmt::format("{}; see publish.conf(5).\n", input::kManagedMark);
    for (const Output& output : outputs)
        text += output.path == root / output.format->path
                    ? fmt::format("{}\n", output.format->name)
                    : fmt::format("{} = /{}\n", output.format->name,
                                  output.path.lexically_relative(root).string());
    return text;
}

} // namespace hostcompat::publish
