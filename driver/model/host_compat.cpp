// SPDX-License-Identifier: LGPL-2.1-or-later
// Names of the values in host_compat.hpp.
#include "driver/model/host_compat.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace hostcompat::model {

namespace {

template <typename Value, std::size_t size>
using Names = std::array<std::pair<Value, std::string_view>, size>;

constexpr Names<NestedApi, 3> kNestedApiNames{{
    {NestedApi::none, "none"},
    {NestedApi::v1, "v1"},
    {NestedApi::v2, "v2"},
}};

constexpr Names<Platform, 3> kPlatformNames{{
    {Platform::pseries, "pseries"},
    {Platform::powernv, "powernv"},
    {Platform::other, "other"},
}};

constexpr Names<CheckResult, 5> kCheckResultNames{{
    {CheckResult::pass, "PASS"},
    {CheckResult::warn, "WARN"},
    {CheckResult::fail, "FAIL"},
    {CheckResult::skip, "SKIP"},
    {CheckResult::note, "NOTE"},
}};

template <typename Value, std::size_t size>
std::string_view nameOf(const Names<Value, size>& names, Value value) {
    for (const auto& [candidate, name] : names)
        if (candidate == value)
            return name;
    return {};
}

template <typename Value, std::size_t size>
std::optional<Value> valueOf(const Names<Value, size>& names, std::string_view text) {
    for (const auto& [candidate, name] : names)
        if (name == text)
            return candidate;
    return std::nullopt;
}

} // namespace

bool isBelieved(std::string_view source) {
    return source != "device-tree" && source != "pvr";
}

HostCompat withoutDoubtful(HostCompat compat) {
    if (!compat.known || isBelieved(compat.known->source))
        return compat;
    compat.known->supported = {};
    if (compat.known->refused.empty()) {
        compat.reason = "it contains only what an earlier version derived from '" +
                        compat.known->source +
                        "', which the hypervisor may refuse; ask the host again";
        compat.known.reset();
    }
    return compat;
}

HostCompat limitedTo(HostCompat compat, unsigned generation) {
    if (!compat.known || generation == 0)
        return compat;
    const ModeSet beyond = compat.known->supported - modesUpTo(generation);
    compat.known->supported = compat.known->supported - beyond;
    compat.known->refused = compat.known->refused | beyond;
    return compat;
}

std::string_view toString(NestedApi api) {
    return nameOf(kNestedApiNames, api);
}

std::optional<NestedApi> parseNestedApi(std::string_view text) {
    return valueOf(kNestedApiNames, text);
}

bool isSourceWord(std::string_view text) {
    const auto isLetter = [](char byte) {
        return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
    };
    const auto isRest = [&](char byte) {
        return isLetter(byte) || (byte >= '0' && byte <= '9') || byte == '-';
    };
    return !text.empty() && isLetter(text.front()) && std::ranges::all_of(text, isRest);
}

std::string_view toString(Platform platform) {
    return nameOf(kPlatformNames, platform);
}

std::optional<Platform> parsePlatform(std::string_view text) {
    return valueOf(kPlatformNames, text);
}

std::string_view toString(CheckResult result) {
    return nameOf(kCheckResultNames, result);
}

std::optional<CheckResult> parseCheckResult(std::string_view text) {
    return valueOf(kCheckResultNames, text);
}

} // namespace hostcompat::model
