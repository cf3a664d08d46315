// SPDX-License-Identifier: LGPL-2.1-or-later
// Loads hosts and asks QEMU, for "check" and "fit".
#include "tools/policy_options.hpp"

#include "driver/answer/record.hpp"
#include "driver/input/read_file.hpp"
#include "driver/text/utf8.hpp"
#include "tools/host_source.hpp"
#include "tools/options.hpp"
#include "tools/sandboxing.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace hostcompat::tools {

void addPolicyOptions(Command& command, PolicyOptions& options) {
    command.host(options.host);
    command.probe(options.probe);
    command.text("--qemu", options.qemu, "BINARY",
                 "Also require that the QEMU program BINARY accepts the mode");
    command.quiet(options.quiet);
    command.noSandbox(options.noSandbox);
}

Result<policy::PolicyHost> readPolicyHost(const std::string& file) {
    const std::string name = input::inputName(file);
    auto bytes = input::readInput(file);
    if (!bytes)
        return std::unexpected(std::move(bytes.error()));
    if (answer::isRecord(*bytes)) {
        const auto record = answer::parseRecord(*bytes, name);
        if (!record)
            return std::unexpected(record.error());
        return policy::policyHost(*record, name);
    }
    const auto document = xml::CapabilitiesDocument::read(std::move(*bytes), name);
    if (!document)
        return std::unexpected(document.error());
    return policy::policyHost(*document);
}

Result<policy::PolicyHost> loadPolicyHost(const PolicyOptions& options,
                                          std::vector<std::string> inputs,
                                          const std::string& list) {
    if (!options.host.empty() && !options.probe.empty())
        return std::unexpected(Error{.kind = ErrorKind::usage,
                                     .action = "check for two hosts at once",
                                     .reason = "both --host and --probe are given",
                                     .remedy = "give one of them"});
    const auto restrict = [&] { return restrictToInputs(inputs, list, options.noSandbox); };
    if (options.host.empty() && options.probe.empty()) {
        const auto host = lookAtHost("", options.noSandbox);
        if (!host)
            return std::unexpected(host.error());
        if (auto entered = restrict(); !entered)
            return std::unexpected(std::move(entered.error()));
        return policy::policyHost(host->record, "this host");
    }
    inputs.push_back(options.host + options.probe);
    if (auto entered = restrict(); !entered)
        return std::unexpected(std::move(entered.error()));
    if (options.host.empty()) {
        // The domains are not read yet, so files must still be readable.
        const auto host = lookAtHost(options.probe, true);
        if (!host)
            return std::unexpected(host.error());
        return policy::policyHost(host->record, input::inputName(options.probe));
    }
    return readPolicyHost(options.host);
}

Result<std::optional<qemu::QemuModes>> loadQemuModes(const PolicyOptions& options) {
    if (options.qemu.empty())
        return std::nullopt;
    auto modes = qemu::askQemu(options.qemu, qemu::modesToAskFor(),
                               options.host.empty() && options.probe.empty());
    if (!modes)
        return std::unexpected(std::move(modes.error()));
    return std::move(*modes);
}

Result<unsigned> modeOption(std::string_view option, const std::string& text) {
    if (text.empty())
        return 0;
    if (const auto number = model::modeNumber(text))
        return *number;
    return std::unexpected(Error{.kind = ErrorKind::usage,
                                 .action = "understand",
                                 .subject = std::string(option),
                                 .reason = fmt::format("'{}' is not a mode", text::clipped(text)),
                                 .remedy = "write a mode such as power9 or power10"});
}

Result<void> refuseSecondStdin(const std::vector<std::string>& names) {
    if (std::ranges::count(names, "-") < 2)
        return {};
    return std::unexpected(Error{.kind = ErrorKind::usage,
                                 .action = "use standard input twice",
                                 .reason = "more than one input is -"});
}

void printJson(Console& console, const nlohmann::ordered_json& body) {
    console.printExact(policy::wholeJson(body) + "\n");
}

} // namespace hostcompat::tools
