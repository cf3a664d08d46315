// SPDX-License-Identifier: LGPL-2.1-or-later
// Loads the module of "validate" when the command is run.
#include "tools/validate_run.hpp"
#include "tools/version.hpp"

#include <cerrno>
#include <dlfcn.h>

namespace hostcompat::tools {

Status runValidate(const ValidateOptions& options, Console& console) {
    errno = 0;
    // The dynamic loader searches the program's run path.
    void* const module = ::dlopen(kValidateModule, RTLD_NOW | RTLD_LOCAL);
    void* const function = module ? ::dlsym(module, kValidateSymbol) : nullptr;
    if (!function) {
        const int error = errno == ENOMEM ? errno : 0; // dlerror() has no text for it
        const char* const reason = ::dlerror();
        return console.fail({.kind = ErrorKind::system,
                             .action = "load",
                             .subject = kValidateModule,
                             .errorNumber = error,
                             .reason = reason ? reason : "the dynamic loader gives no reason",
                             .remedy = "reinstall virt-host-compat and libxml2"});
    }
    return reinterpret_cast<ValidateFunction*>(function)(kVersion, options, console);
}

} // namespace hostcompat::tools
