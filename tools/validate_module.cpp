// SPDX-License-Identifier: LGPL-2.1-or-later
// What the module with "validate" shows to the program.
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
                 fmt::format("it is of version {}, and the program of version {}", kVersion, build),
             .remedy = "install both anew"});
    return runValidate(options, console);
}

static_assert(std::is_same_v<decltype(virtHostCompatValidate), ValidateFunction>);

} // namespace hostcompat::tools
