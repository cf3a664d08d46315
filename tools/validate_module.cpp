// SPDX-License-Identifier: LGPL-2.1-or-later
// The function that the module of "validate" exports to the program.
#include "tools/validate_run.hpp"
#include "tools/version.hpp"

#include <fmt/format.h>

#include <string_view>
#include <type_traits>

namespace hostcompat::tools {

extern "C" __attribute__((visibility("default"))) Status
virtHostCompatValidate(std::string_view build, const ValidateOptions& options, Console& console) {
    if (build != kVersion)
        return console.fail(
            {.kind = ErrorKind::system,
             .action = "use",
             .subject = kValidateModule,
             .reason =
                 fmt::format("it has version {}, and the program has version {}", kVersion, build),
             .remedy = "reinstall both"});
    return runValidate(options, console);
}

static_assert(std::is_same_v<decltype(virtHostCompatValidate), ValidateFunction>);

} // namespace hostcompat::tools
