// SPDX-License-Identifier: LGPL-2.1-or-later
// Finds the functions of libvirt that the module replaces, and libvirt's log.
//
// libvirt has no public function that writes to its log. Its internal function virLogMessage() is
// exported under a version that changes with every release (LIBVIRT_PRIVATE_9.0.0), because its
// arguments may change, too. They have been the same since libvirt 1.2.3 (src/util/virlog.h). The
// module calls it in the releases with which it was tested, and uses syslog with all others. Under
// systemd both end up in the daemon's journal.
#include "driver/libvirt/module/next.hpp"

#include "driver/text/utf8.hpp"

#include <fmt/format.h>
#include <syslog.h>

#include <array>
#include <dlfcn.h>

namespace hostcompat::libvirt::module {

namespace {

// Numbers as virGetVersion() gives them: 1,000,000 * major + 1,000 * minor + release.
constexpr unsigned long kOldestTried = 9'000'000;
constexpr unsigned long kNewestTried = 12'008'999;

/// A function of libvirt. It may be in the global scope after this object, or only in the scope of
/// an extension that a program loaded (Python's libvirtmod); then it is found only through
/// libvirt's own handle.
void* find(const char* name, const char* version) {
    if (void* const found = ::dlvsym(RTLD_NEXT, name, version))
        return found;
    if (void* const found = ::dlsym(RTLD_NEXT, name))
        return found;
    // The library is already loaded, and this reference keeps it loaded.
    static void* const library = ::dlopen("libvirt.so.0", RTLD_LAZY | RTLD_LOCAL | RTLD_NOLOAD);
    return library ? ::dlsym(library, name) : nullptr;
}

template <typename Function>
void find(Function& function, const char* name, const char* version) {
    function = reinterpret_cast<Function>(find(name, version));
}

NextCalls findAll() {
    NextCalls calls;
    find(calls.getCapabilities, "virConnectGetCapabilities", "LIBVIRT_0.2.1");
    find(calls.getDomainCapabilities, "virConnectGetDomainCapabilities", "LIBVIRT_1.2.7");
    find(calls.compareCpu, "virConnectCompareCPU", "LIBVIRT_0.7.5");
    find(calls.compareHypervisorCpu, "virConnectCompareHypervisorCPU", "LIBVIRT_4.4.0");
    find(calls.getUri, "virConnectGetURI", "LIBVIRT_0.3.0");
    find(calls.getVersion, "virGetVersion", "LIBVIRT_0.0.3");
    return calls;
}

/// A private function of libvirt if the module was tested with this release; otherwise null.
template <typename Function>
Function findPrivate(const char* name) {
    unsigned long version = 0;
    const NextCalls& calls = nextCalls();
    if (!calls.getVersion || calls.getVersion(&version, nullptr, nullptr) != 0 ||
        version < kOldestTried || version > kNewestTried)
        return nullptr;
    const std::string symbolVersion = fmt::format("LIBVIRT_PRIVATE_{}.{}.{}", version / 1'000'000,
                                                  version / 1'000 % 1'000, version % 1'000);
    if (void* const found = ::dlvsym(RTLD_NEXT, name, symbolVersion.c_str()))
        return reinterpret_cast<Function>(found);
    void* const library = ::dlopen("libvirt.so.0", RTLD_LAZY | RTLD_LOCAL | RTLD_NOLOAD);
    if (!library)
        return nullptr;
    void* const found = ::dlvsym(library, name, symbolVersion.c_str());
    ::dlclose(library);
    return reinterpret_cast<Function>(found);
}

/// The memory that libvirt uses as its struct _virLogSource: a name, and up to three numbers that
/// libvirt writes (src/util/virlog.h). Larger than the struct of any release.
struct LogSource {
    const char* name;
    std::array<unsigned, 14> own;
};

constexpr int kWarning = 3; // VIR_LOG_WARN, src/util/virlog.h

/// `source` is a LogSource.
using LogMessage = void (*)(void* source, int priority, const char* file, int line,
                            const char* function, void* metadata, const char* format, ...);
using SetError = void (*)(virErrorPtr error);

} // namespace

const NextCalls& nextCalls() {
    static const NextCalls calls = findAll();
    return calls;
}

void writeToLog(std::string_view text) {
    const std::string line = text::outputLine(text);
    static LogSource source{.name = "virt-host-compat", .own = {}};
    if (const auto logMessage = findPrivate<LogMessage>("virLogMessage"))
        logMessage(&source, kWarning, "virt-host-compat", 0, "virt-host-compat", nullptr, "%s",
                   line.c_str());
    else
        ::syslog(LOG_DAEMON | LOG_WARNING, "virt-host-compat: %s", line.c_str());
}

bool setIncompatibleError(const std::string& text) {
    const auto setError = findPrivate<SetError>("virSetError");
    if (!setError)
        return false;
    std::string message = "the CPU is incompatible with host CPU: " + text;
    virError error{};
    error.code = VIR_ERR_CPU_INCOMPATIBLE;
    error.domain = VIR_FROM_CPU;
    error.level = VIR_ERR_ERROR;
    error.message = message.data();
    // libvirt copies it.
    setError(&error);
    return true;
}

} // namespace hostcompat::libvirt::module
