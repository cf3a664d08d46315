// SPDX-License-Identifier: LGPL-2.1-or-later
// What "validate" does, apart from its command line: the only command that needs libxml2.
//
// In a static program it is a part of the program. Otherwise it is a module, which is loaded when
// it is asked for, so that no other command waits for libxml2 and its libraries to be loaded.
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

/// The function that the module has under kValidateSymbol. `build` must be kVersion: a program and
/// a module of different builds do not have the same types.
using ValidateFunction = Status(std::string_view build, const ValidateOptions& options,
                                Console& console);
inline constexpr const char* kValidateModule = "virt-host-compat-validate.so";
inline constexpr const char* kValidateSymbol = "virtHostCompatValidate";

} // namespace hostcompat::tools
