// SPDX-License-Identifier: LGPL-2.1-or-later
// The settings of the module.
#pragma once

#include "driver/model/error.hpp"

#include <chrono>
#include <string>
#include <string_view>

namespace hostcompat::libvirt::module {

/// The settings, with their defaults.
struct Config {
    /// A host record that replaces this host; empty for the host's own answer.
    std::string probe;
    /// How long an answer is used before the host is asked again, and this file read again.
    std::chrono::seconds interval{60};
    /// Whether CPU comparisons are wrapped too.
    bool compare = false;

    friend bool operator==(const Config&, const Config&) = default;
};

/// Reads lines "KEY = VALUE"; empty lines and those that begin with # are ignored.
///
/// @param text the file. @param name its name in messages.
/// Errors: kind input with the line: no "=", an unknown key, a key that appears twice, a value out
/// of range (probe: an absolute path; interval: 1 to 86400 seconds; compare: yes or no).
Result<Config> parseConfig(std::string_view text, std::string_view name);

/// Reads the file, which input::readTrusted() must trust. Where it may be missing and is, the
/// defaults.
Result<Config> readConfig(const std::string& path, bool mayBeMissing);

} // namespace hostcompat::libvirt::module
