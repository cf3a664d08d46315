// SPDX-License-Identifier: LGPL-2.1-or-later
// What the commands that decide about domains and hosts have in common.
#pragma once

#include "driver/model/error.hpp"
#include "driver/policy/check_json.hpp"
#include "driver/policy/host.hpp"
#include "driver/qemu/qemu_modes.hpp"
#include "tools/console.hpp"
#include "tools/options.hpp"

#include <nlohmann/json.hpp>

#include <optional>
#include <string>
#include <vector>

namespace hostcompat::tools {

/// The host to decide about, and QEMU as a second limit.
struct PolicyOptions {
    std::string host;
    std::string probe;
    std::string qemu;
    bool json = false;
    bool quiet = false;
    bool noSandbox = false;
};

/// --host, --probe, --qemu, --quiet and --no-sandbox.
void addPolicyOptions(Command& command, PolicyOptions& options);

/// The host that the options name, or this one. Enters the sandbox before a document or record is
/// parsed, in which only the inputs can be opened; so QEMU must have been asked before.
///
/// @param inputs, list as for restrictToInputs(): what the command will read besides the host.
/// Errors: kind usage where both --host and --probe are given; those of reading either, and of
/// restrictToInputs().
Result<policy::PolicyHost> loadPolicyHost(const PolicyOptions& options,
                                          std::vector<std::string> inputs,
                                          const std::string& list = {});

/// The host of a capabilities document or record in a file. Parses it, so the sandbox must have
/// been entered. Errors: those of reading either.
Result<policy::PolicyHost> readPolicyHost(const std::string& file);

/// What the named QEMU takes; nothing where none is named.
Result<std::optional<qemu::QemuModes>> loadQemuModes(const PolicyOptions& options);

/// The number of the mode that an option names; 0 where it is not given. Errors: kind usage for a
/// text that is no mode.
Result<unsigned> modeOption(std::string_view option, const std::string& text);

/// Nothing, or the error that standard input is named more than once.
Result<void> refuseSecondStdin(const std::vector<std::string>& names);

using policy::jsonModes;
using policy::jsonText;

/// Prints {"virt-host-compat": body}, with schema_version 1 as the body's first key.
void printJson(Console& console, const nlohmann::ordered_json& body);

} // namespace hostcompat::tools
