// SPDX-License-Identifier: LGPL-2.1-or-later
// Runs "validate" and prints the verdicts.
#pragma once

#include "tools/console.hpp"
#include "tools/status.hpp"

#include <string>
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

} // namespace hostcompat::tools
