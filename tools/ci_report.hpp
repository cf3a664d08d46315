// SPDX-License-Identifier: LGPL-2.1-or-later
// Findings in the formats that CI systems read.
#pragma once

#include "tools/console.hpp"

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hostcompat::tools {

/// The severity of a finding. Only errors are failures in JUnit.
enum class Severity { error, warning };

/// A kind of finding. The manual explains each under its id, which never changes.
struct Rule {
    std::string_view id;
    Severity severity;
    /// One clause.
    std::string_view description;
    /// What it means for who reads it, in whole sentences.
    std::string_view explanation;
};

namespace rules {

inline constexpr Rule kInput{"input-error", Severity::error, "The input cannot be read or parsed",
                             "The file is missing, is not well-formed XML, or is not a document of "
                             "the kind that the command takes."};
inline constexpr Rule kInvalid{
    "invalid-document", Severity::error, "The document does not match the grammar",
    "An element or attribute is in a place, or has a value, that the grammar does not allow. "
    "Programs may misread the document."};
inline constexpr Rule kIncompatible{"domain-incompatible", Severity::error,
                                    "libvirt, QEMU or KVM refuses the domain on the host",
                                    "The guest would not start on that host. The message says what "
                                    "is refused, by whom, and what to "
                                    "change."};
inline constexpr Rule kUnknown{
    "domain-unknown", Severity::warning, "The host does not say whether it can run the domain",
    "The host's document or record does not say whether the host supports what the domain needs, "
    "so the guest may fail to start."};
inline constexpr Rule kWarning{"domain-warning", Severity::warning,
                               "The domain runs, with the limit that the message names",
                               "The guest starts. The message says which part of the document is "
                               "ignored, or where the guest cannot start or migrate to."};

} // namespace rules

/// A finding in an input.
struct Finding {
    const Rule* rule;
    /// Counted from 1; 0 if it is the input as a whole.
    std::size_t line = 0;
    std::string message;
};

/// The finding for an input that could not be read or parsed. The line is in the finding, not in
/// its message.
Finding findingOf(const Error& error);

/// Prints the findings of each input at once, so memory does not grow with the number of inputs.
class CiReport {
public:
    CiReport() = default;
    CiReport(const CiReport&) = delete;
    CiReport& operator=(const CiReport&) = delete;
    virtual ~CiReport() = default;

    /// @param suite the name of the test suite, "virt-host-compat check".
    virtual void begin(std::string_view suite) = 0;
    /// An input (or a part of one) and its findings; empty if there are none.
    /// @param file the path as CI knows it. @param name the name of the part in messages.
    virtual void input(std::string_view file, std::string_view name,
                       std::span<const Finding> findings) = 0;
    virtual void end() = 0;
};

/// The formats that ciReport() knows: "junit", "sarif", "gitlab" and "github".
std::vector<std::string> ciFormats();

/// The report of one of ciFormats(), or null for any other name.
std::unique_ptr<CiReport> ciReport(std::string_view format, Console& console);

} // namespace hostcompat::tools
