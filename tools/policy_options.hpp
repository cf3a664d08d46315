// SPDX-License-Identifier: LGPL-2.1-or-later
// Options and helpers that the commands about domains and hosts share.
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

/// The host to check for, and the QEMU that must also accept a mode.
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

/// The host that the options name, or this one. Before it parses a document or record, it enters
/// the sandbox, in which only the inputs can be opened; so QEMU must be asked before.
/// @param inputs, list as for restrictToInputs(): the other inputs that the command reads. Errors:
/// kind usage if both --host and --probe are given; those of reading either, and of
/// restrictToInputs().
Result<policy::PolicyHost> loadPolicyHost(const PolicyOptions& options,
                                          std::vector<std::string> inputs,
                                          const std::string& list = {});

/// The host of a capabilities document or record in a file. The caller must have entered the
/// sandbox. Errors: those of reading the file.
Result<policy::PolicyHost> readPolicyHost(const std::string& file);

/// What the named QEMU accepts; nothing if none is named.
Result<std::optional<qemu::QemuModes>> loadQemuModes(const PolicyOptions& options);

/// The number of the mode that an option names; 0 if the option is not given. Errors: kind usage if
/// the text is not a mode.
Result<unsigned> modeOption(std::string_view option, const std::string& text);

/// Nothing, or the error that standard input is named more than once.
Result<void> refuseSecondStdin(const std::vector<std::string>& names);

using policy::jsonModes;
using policy::jsonText;

/// Prints {"virt-host-compat": body}, with schema_version 1 as the body's first key.
void printJson(Console& console, const nlohmann::ordered_json& body);

} // namespace hostcompat::tools
