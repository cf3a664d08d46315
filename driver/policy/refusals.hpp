// SPDX-License-Identifier: LGPL-2.1-or-later
// What the rules of libvirt have in common: how libvirt reads numbers and lists, and how its
// refusals are collected.
#pragma once

#include "driver/policy/libvirt_rules.hpp"

#include <system_error>

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hostcompat::policy::rules {

using Words = std::span<const std::string_view>;

inline bool has(Words words, std::string_view word) {
    return std::ranges::find(words, word) != words.end();
}

/// Collects the rules that a domain breaks.
class Refusals {
public:
    void add(std::string reason, std::string remedy);
    /// An attribute whose value libvirt does not know.
    void addWord(std::string_view element, std::string_view attribute, std::string_view value,
                 Words words);
    std::vector<Refusal> take();

private:
    std::vector<Refusal> found_;
};

/// Removes the white space that strtoul() skips.
std::string_view withoutBlanks(std::string_view text);

/// A number as libvirt parses it in these elements, with strtoul(): it may start with white space
/// and a plus sign, and nothing may follow it. Negative numbers are not handled here.
template <typename Number = unsigned>
std::optional<Number> numberOf(std::string_view text) {
    text = withoutBlanks(text);
    if (text.starts_with('+')) {
        text.remove_prefix(1);
        if (text.starts_with('-'))
            return std::nullopt;
    }
    Number number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() && end == text.data() + text.size() ? std::optional(number)
                                                                    : std::nullopt;
}

/// The CPUs of a list such as "0-3,^1,8"; nothing if libvirt does not parse it (libvirt 9.0
/// src/util/virbitmap.c, virBitmapParseInternal()).
std::optional<std::set<unsigned>> cpusOf(std::string_view list);

} // namespace hostcompat::policy::rules
