// SPDX-License-Identifier: LGPL-2.1-or-later
// Replaces libvirt's functions in a daemon or client that preloads this object.
//
// If anything fails here, the caller gets libvirt's own result, and the log gets one line. No
// exception is thrown, nothing is printed, errno is kept.
#include "driver/libvirt/module/answer.hpp"
#include "driver/libvirt/module/next.hpp"
#include "driver/libvirt/module/wrapped.hpp"
#include "driver/xml/pugixml_memory.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>
#include <vector>

namespace {

using namespace hostcompat;
using namespace hostcompat::libvirt::module;

/// The largest number of different reasons that are logged.
constexpr std::size_t kMostReasons = 16;

using Text = std::unique_ptr<char, decltype(&std::free)>;

class KeepErrno {
public:
    KeepErrno() : number_(errno) {}
    KeepErrno(const KeepErrno&) = delete;
    KeepErrno& operator=(const KeepErrno&) = delete;
    ~KeepErrno() {
        errno = number_;
    }

private:
    int number_;
};

/// The state that is kept between calls.
class Module {
public:
    std::shared_ptr<const Answer> answer() {
        return keeper_.at(AnswerKeeper::Clock::now());
    }

    /// Logs the reason, unless it was logged before.
    void report(const std::string& reason) {
        {
            const std::lock_guard lock(mutex_);
            if (reported_.size() >= kMostReasons ||
                std::ranges::find(reported_, reason) != reported_.end())
                return;
            reported_.push_back(reason);
        }
        writeToLog(fmt::format("libvirt's answers are passed on unchanged: {}", reason));
    }

private:
    /// The environment may name another file only if the process has no more rights than the user
    /// who started it: in a set-user-ID program secure_getenv(3) returns nothing.
    static Answer find() {
        const char* const other = ::secure_getenv("VIRT_HOST_COMPAT_MODULE_CONFIG");
        return other ? findAnswer(other, false) : findAnswer(MODULE_CONFIG, true);
    }

    AnswerKeeper keeper_{&Module::find};
    std::mutex mutex_;
    std::vector<std::string> reported_;
};

/// Never destroyed: threads of the daemon may still call while it exits.
Module& theModule() {
    static Module* const instance = [] {
        xml::throwOnPugixmlMemoryFailure();
        return new Module;
    }();
    return *instance;
}

/// The answer if the connection is to this host and something is known; otherwise null.
std::shared_ptr<const Answer> answerFor(virConnectPtr connection) {
    auto answer = theModule().answer();
    const model::HostCompat& compat = answer->host.compat;
    if (!compat.known && compat.reason.empty())
        return nullptr;
    const NextCalls& next = nextCalls();
    const Text uri(next.getUri ? next.getUri(connection) : nullptr, &std::free);
    if (!uri || !concernsHost(uri.get(), *answer))
        return nullptr;
    if (!compat.known) {
        theModule().report(compat.reason);
        return nullptr;
    }
    return answer;
}

/// A function that adds the answer to a document of libvirt.
using Completion = Result<std::string> (*)(std::string_view document,
                                           const model::HostRecord& host);

/// A copy of libvirt's document with the answer, or null if the document must not be changed.
char* extend(virConnectPtr connection, const char* document, Completion complete) {
    const auto answer = answerFor(connection);
    if (!answer)
        return nullptr;
    const auto extended = complete(document, answer->host);
    if (!extended) {
        theModule().report(model::describe(extended.error()));
        return nullptr;
    }
    return ::strdup(extended->c_str());
}

/// Calls a function and catches its exceptions. Returns the fallback if there was one.
template <typename Value, typename Function>
Value guarded(Value fallback, Function function) noexcept {
    const KeepErrno keepErrno;
    try {
        return function();
    } catch (...) {
        // Memory ran out, so logging may fail too.
        return fallback;
    }
}

/// libvirt's document with the answer, which replaces the document; or the document itself. The
/// caller frees the result in both cases.
char* completed(virConnectPtr connection, char* document, Completion complete) {
    if (!document)
        return nullptr;
    char* const extended =
        guarded<char*>(nullptr, [&] { return extend(connection, document, complete); });
    if (!extended)
        return document;
    std::free(document);
    return extended;
}

/// The result of a comparison to which libvirt answered yes, after taking KVM's modes into account.
int heardKvm(virConnectPtr connection, const char* cpuXml, unsigned flags, int answered) {
    const auto answer = answerFor(connection);
    if (!answer || !answer->compare)
        return answered;
    const std::string mode = refusedMode(cpuXml, *answer->host.compat.known);
    if (mode.empty())
        return answered;
    if ((flags & VIR_CONNECT_COMPARE_CPU_FAIL_INCOMPATIBLE) != 0 &&
        setIncompatibleError(
            fmt::format("KVM of this host does not support the compatibility mode {}", mode)))
        return VIR_CPU_COMPARE_ERROR;
    return VIR_CPU_COMPARE_INCOMPATIBLE;
}

bool saidYes(int answered) {
    return answered == VIR_CPU_COMPARE_IDENTICAL || answered == VIR_CPU_COMPARE_SUPERSET;
}

} // namespace

extern "C" {

[[gnu::visibility("default")]] char* virConnectGetCapabilities(virConnectPtr conn) {
    const NextCalls* const next = guarded<const NextCalls*>(nullptr, [] { return &nextCalls(); });
    if (!next || !next->getCapabilities)
        return nullptr;
    return completed(conn, next->getCapabilities(conn),
                     [](std::string_view document, const model::HostRecord& host) {
                         return withCompat(document, *host.compat.known);
                     });
}

[[gnu::visibility("default")]] char*
virConnectGetDomainCapabilities(virConnectPtr conn, const char* emulatorbin, const char* arch,
                                const char* machine, const char* virttype, unsigned int flags) {
    const NextCalls* const next = guarded<const NextCalls*>(nullptr, [] { return &nextCalls(); });
    if (!next || !next->getDomainCapabilities)
        return nullptr;
    return completed(conn,
                     next->getDomainCapabilities(conn, emulatorbin, arch, machine, virttype, flags),
                     withDomainCpus);
}

[[gnu::visibility("default")]] int virConnectCompareCPU(virConnectPtr conn, const char* xmlDesc,
                                                        unsigned int flags) {
    const NextCalls* const next = guarded<const NextCalls*>(nullptr, [] { return &nextCalls(); });
    if (!next || !next->compareCpu)
        return VIR_CPU_COMPARE_ERROR;
    const int answered = next->compareCpu(conn, xmlDesc, flags);
    if (!saidYes(answered))
        return answered;
    return guarded(answered, [&] { return heardKvm(conn, xmlDesc, flags, answered); });
}

[[gnu::visibility("default")]] int
virConnectCompareHypervisorCPU(virConnectPtr conn, const char* emulator, const char* arch,
                               const char* machine, const char* virttype, const char* xmlCPU,
                               unsigned int flags) {
    const NextCalls* const next = guarded<const NextCalls*>(nullptr, [] { return &nextCalls(); });
    if (!next || !next->compareHypervisorCpu)
        return VIR_CPU_COMPARE_ERROR;
    const int answered =
        next->compareHypervisorCpu(conn, emulator, arch, machine, virttype, xmlCPU, flags);
    if (!saidYes(answered) || !concernsPowerKvm({.arch = arch, .virtType = virttype}))
        return answered;
    return guarded(answered, [&] { return heardKvm(conn, xmlCPU, flags, answered); });
}
}
