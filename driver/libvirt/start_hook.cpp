// SPDX-License-Identifier: LGPL-2.1-or-later
// Decides for libvirt's start hook, and writes its script.
#include "driver/libvirt/start_hook.hpp"

#include "driver/input/managed_file.hpp"
#include "driver/policy/check.hpp"
#include "driver/text/utf8.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace hostcompat::libvirt {

namespace {

constexpr std::string_view kStart = "prepare";
constexpr std::array<std::string_view, 3> kOperations = {kStart, "migrate", "restore"};

/// Whether neither a shell nor systemd treats the character specially.
bool isPlain(char character) {
    const auto byte = static_cast<unsigned char>(character);
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') ||
           std::string_view("/._+-").find(character) != std::string_view::npos;
}

} // namespace

bool hookDecides(std::string_view operation, std::string_view subOperation) {
    return subOperation == "begin" &&
           std::ranges::find(kOperations, operation) != kOperations.end();
}

std::string hookRefusal(std::string domainXml, std::string_view operation,
                        const policy::PolicyHost& host) {
    const auto document = xml::DomainDocument::read(std::move(domainXml), "the domain");
    if (!document)
        return {};
    const policy::CheckAnswer answer = policy::checkDomain(document->domain(), host);
    if (answer.verdict != policy::Verdict::incompatible ||
        (answer.onlyAtStart && operation != kStart))
        return {};
    return model::describe({.kind = ErrorKind::input,
                            .action = "start the guest",
                            .subject = text::clipped(document->domain().name),
                            .reason = answer.reason,
                            .remedy = answer.remedy});
}

Result<std::string> hookScript(std::string_view program) {
    if (!program.starts_with('/') || !std::ranges::all_of(program, isPlain))
        return std::unexpected(
            Error{.kind = ErrorKind::usage,
                  .action = "name the program in the hook",
                  .subject = std::string(program),
                  .reason = "the path is not absolute, or has other characters than letters, "
                            "digits and /._+-"});
    std::string operations;
    for (const std::string_view operation : kOperations)
        operations += fmt::format("{}{}/begin", operations.empty() ? "" : " | ", operation);
    return fmt::format(R"(#!/bin/sh
{0}; remove it with 'virt-host-compat hook remove'.
# Refuses a guest whose CPU KVM of this host cannot give it, with the reason on standard error.
# Everything that is not a clear no passes: status 0, no output.
case "$2/$3" in
    {1}) ;;
    *) exit 0 ;;
esac
[ -x {2} ] || exit 0
{2} hook run -- "$@"
[ $? -ne 1 ]
)",
                       input::kManagedMark, operations, program);
}

std::string hookProgram(std::string_view script) {
    constexpr std::string_view before = "\n[ -x ";
    constexpr std::string_view after = " ] || exit 0\n";
    const auto start = script.find(before);
    const auto end = script.find(after, start);
    if (start == script.npos || end == script.npos)
        return {};
    return std::string(script.substr(start + before.size(), end - start - before.size()));
}

} // namespace hostcompat::libvirt
