// SPDX-License-Identifier: LGPL-2.1-or-later
// What CI systems read: findings in files, in the format of each.
#pragma once

#include "tools/console.hpp"

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hostcompat::tools {

/// How much a finding matters. Only errors fail a test of JUnit.
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
    "invalid-document", Severity::error, "The document breaks the grammar",
    "An element or attribute is not where the grammar has it, or has a value that the grammar does "
    "not take. A program that trusts the document may read something else than was meant."};
inline constexpr Rule kIncompatible{
    "domain-incompatible", Severity::error, "libvirt, QEMU or KVM refuses the domain on the host",
    "The guest would not start on that host. The message says who refuses what, and what to "
    "change."};
inline constexpr Rule kUnknown{
    "domain-unknown", Severity::warning, "The host does not say whether it can run the domain",
    "The host's document or record has no answer for what the domain needs, so the guest may start "
    "or not."};
inline constexpr Rule kWarning{
    "domain-warning", Severity::warning, "The domain runs, and may surprise later",
    "The guest starts. The message says what it may lose, or where it may not start or move to."};

} // namespace rules

/// Something that was found in an input.
struct Finding {
    const Rule* rule;
    /// Counted from 1; 0 where it is the input as a whole.
    std::size_t line = 0;
    std::string message;
};

/// What could not be read or parsed; the message leaves the line to the finding.
Finding findingOf(const Error& error);

/// Prints findings one input after the other, so a million of them need no memory.
class CiReport {
public:
    CiReport() = default;
    CiReport(const CiReport&) = delete;
    CiReport& operator=(const CiReport&) = delete;
    virtual ~CiReport() = default;

    /// @param suite what was done, "virt-host-compat check".
    virtual void begin(std::string_view suite) = 0;
    /// An input (or a part of one) and what was found in it; nothing where all is well.
    ///
    /// @param file the path as CI knows it. @param name what messages call the part.
    virtual void input(std::string_view file, std::string_view name,
                       std::span<const Finding> findings) = 0;
    virtual void end() = 0;
};

/// The formats that ciReport() knows: "junit", "sarif", "gitlab" and "github".
std::vector<std::string> ciFormats();

/// The report of one of ciFormats(), or null for any other word.
std::unique_ptr<CiReport> ciReport(std::string_view format, Console& console);

} // namespace hostcompat::tools
