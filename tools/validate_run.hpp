// SPDX-License-Identifier: LGPL-2.1-or-later
// Runs "validate", the only command that needs libxml2. In a static program it is a part of the
// program. Otherwise it is a module that is loaded only for this command, so that other commands
// need not load libxml2 and its libraries.
#pragma once

#include "tools/console.hpp"
#include "tools/status.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace hostcompat::tools {

struct ValidateOptions {
    std::vector<std::string> files;
    std::string filesFrom;
    std::string schemaDir;
    std::string format = "text";
    bool strict = false;
    bool json = false;
    unsigned jobs = 0;
    bool quiet = false;
    bool noSandbox = false;
    bool verbose = false;
    bool noFastPath = false;
};

/// Validates what the options name and prints the verdicts.
Status runValidate(const ValidateOptions& options, Console& console);

/// The function that the module exports as kValidateSymbol. `build` must be kVersion, because the
/// types of a program and a module of different builds may differ.
using ValidateFunction = Status(std::string_view build, const ValidateOptions& options,
                                Console& console);
inline constexpr const char* kValidateModule = "virt-host-compat-validate.so";
inline constexpr const char* kValidateSymbol = "virtHostCompatValidate";

} // namespace hostcompat::tools
