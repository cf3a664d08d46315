// SPDX-License-Identifier: LGPL-2.1-or-later
// The C functions. They return strings that the caller frees, and never throw an exception.
#include "driver/answer/host_input.hpp"
#include "driver/answer/probe_host.hpp"
#include "driver/answer/record.hpp"
#include "driver/capi/virt-host-compat.h"
#include "driver/policy/baseline.hpp"
#include "driver/policy/check_json.hpp"
#include "driver/policy/domain_cpus.hpp"
#include "driver/policy/wording.hpp"
#include "driver/xml/capabilities.hpp"
#include "driver/xml/pugixml_memory.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <cstring>
#include <new>
#include <string>
#include <string_view>

namespace {

using namespace hostcompat;

/// Runs when the library is loaded, before any of its functions is used.
[[gnu::constructor]] void prepare() {
    xml::throwOnPugixmlMemoryFailure();
}

/// The result of a function, and its strings.
struct Answer {
    vhcStatus status = VHC_YES;
    std::string text = {};
    std::string error = {};
};

Answer failed(const Error& error) {
    switch (error.kind) {
    case ErrorKind::usage:
        return {.status = VHC_USAGE, .error = model::describe(error)};
    case ErrorKind::input:
        return {.status = VHC_INPUT, .error = model::describe(error)};
    case ErrorKind::system:
        break;
    }
    return {.status = VHC_SYSTEM, .error = model::describe(error)};
}

Answer missing(std::string_view what) {
    return {.status = VHC_USAGE, .error = fmt::format("{} is NULL", what)};
}

/// A copy for the caller, in memory of malloc(). Throws std::bad_alloc.
char* copyOf(const std::string& text) {
    char* const copy = ::strdup(text.c_str());
    if (!copy)
        throw std::bad_alloc();
    return copy;
}

/// Calls a function, catches its exceptions, and returns its result to the caller.
/// @param text, error receive the strings; either may be null. An empty string becomes null.
template <typename Work>
vhcStatus answered(char** text, char** error, Work work) noexcept {
    for (char** const place : {text, error})
        if (place)
            *place = nullptr;
    try {
        const Answer answer = work();
        if (text && !answer.text.empty())
            *text = copyOf(answer.text);
        if (error && !answer.error.empty())
            *error = copyOf(answer.error);
        return answer.status;
    } catch (const std::bad_alloc&) {
        if (error)
            *error = ::strdup("there is not enough memory");
    } catch (const std::exception& failure) {
        if (error)
            *error = ::strdup(failure.what());
    } catch (...) {
        // No other type of exception is thrown here.
    }
    if (text) {
        std::free(*text);
        *text = nullptr;
    }
    return VHC_SYSTEM;
}

Result<model::HostRecord> recordOf(const char* record) {
    if (record)
        return answer::parseRecord(record, "the record");
    kvm::SystemKernel kernel;
    auto host = answer::probeHost(kernel);
    if (!host)
        return std::unexpected(std::move(host.error()));
    return std::move(host->record);
}

Result<policy::PolicyHost> hostOf(const char* host) {
    if (!host || answer::isRecord(host)) {
        const auto record = recordOf(host);
        if (!record)
            return std::unexpected(record.error());
        return policy::policyHost(*record, host ? "the host" : "this host");
    }
    const auto document = xml::CapabilitiesDocument::read(host, "the host");
    if (!document)
        return std::unexpected(document.error());
    return policy::policyHost(*document);
}

Answer unknown(std::string reason) {
    return {.status = VHC_UNKNOWN, .error = std::move(reason)};
}

Answer complete(const char* record, const char* text) {
    const auto document = xml::CapabilitiesDocument::read(text, "the document");
    if (!document)
        return failed(document.error());
    const auto host = recordOf(record);
    if (!host)
        return failed(host.error());
    if (!host->compat.known)
        return unknown(host->compat.reason);
    if (const std::string arch = document->arch(); !arch.empty() && !xml::isPowerArch(arch))
        return unknown(fmt::format("the document describes a host of architecture {}, which has "
                                   "no compatibility modes",
                                   arch));
    if (std::string why = policy::contradiction(*document, host->host); !why.empty())
        return {.status = VHC_INPUT, .error = "the document belongs to another host: " + why};
    return {.text = document->withCompat(*host->compat.known)};
}

Answer completeDomain(const char* record, const char* text) {
    const auto document = xml::DomainCapabilitiesDocument::read(text, "the document");
    if (!document)
        return failed(document.error());
    if (std::string why = document->whyNotOfModes(); !why.empty())
        return unknown("the document is not changed: " + why);
    const auto host = recordOf(record);
    if (!host)
        return failed(host.error());
    if (!host->compat.known)
        return unknown(host->compat.reason);
    if (!model::isBelieved(host->compat.known->source))
        return unknown(policy::wording::doubtfulSource("the record", host->compat.known->source));
    return {.text = policy::withDomainCpus(*document, *host)};
}

vhcStatus statusOf(policy::Verdict verdict) {
    if (policy::isYes(verdict))
        return VHC_YES;
    return verdict == policy::Verdict::incompatible ? VHC_NO : VHC_UNKNOWN;
}

Answer check(const char* host, const char* domain) {
    const auto document = xml::DomainDocument::read(domain, "the domain");
    if (!document)
        return failed(document.error());
    const auto policyHost = hostOf(host);
    if (!policyHost)
        return failed(policyHost.error());
    const auto verdict = policy::checkDomain(document->domain(), *policyHost);
    const auto domains = nlohmann::ordered_json::array(
        {policy::domainJson("the domain", document->domain(), verdict)});
    return {.status = statusOf(verdict.verdict),
            .text = policy::wholeJson(policy::checkJson(*policyHost, nullptr, domains))};
}

Answer baseline(const char* const* hosts, size_t count) {
    policy::Baseline baseline;
    std::string silent;
    for (std::size_t index = 0; index < count; ++index) {
        if (!hosts[index])
            return missing(fmt::format("host {}", index + 1));
        const std::string name = fmt::format("host {}", index + 1);
        for (const auto& host : answer::readHostModes(hosts[index], name)) {
            if (!host)
                return failed(host.error());
            if (host->supported)
                baseline.add(name, *host->supported, host->refused, host->doubted());
            else if (silent.empty())
                silent = name;
        }
    }
    const unsigned newest = baseline.common().newest();
    // The answer of an unknown host could only remove modes.
    if (baseline.knownHosts() != 0 && newest == 0)
        return baseline.undecided().empty()
                   ? Answer{.status = VHC_NO, .error = "no mode is common to all hosts"}
                   : unknown(policy::wording::someDoNotSay(baseline.undecided()));
    if (!silent.empty())
        return unknown(fmt::format("{} does not say which modes it supports", silent));
    return {.text = model::modeName(newest)};
}

} // namespace

#define EXPORTED [[gnu::visibility("default")]]

extern "C" {

EXPORTED const char* vhcVersion(void) {
    return VIRT_HOST_COMPAT_VERSION;
}

EXPORTED void vhcFree(char* text) {
    std::free(text);
}

EXPORTED vhcStatus vhcProbe(char** record, char** error) {
    return answered(record, error, [&]() -> Answer {
        if (!record)
            return missing("record");
        const auto host = recordOf(nullptr);
        if (!host)
            return failed(host.error());
        return {.status = host->compat.known ? VHC_YES : VHC_UNKNOWN,
                .text = answer::writeRecord(*host),
                .error = host->compat.reason};
    });
}

EXPORTED vhcStatus vhcCapabilities(const char* record, const char* document, char** completed,
                                   char** error) {
    return answered(completed, error, [&]() -> Answer {
        if (!document || !completed)
            return missing(document ? "completed" : "document");
        return complete(record, document);
    });
}

EXPORTED vhcStatus vhcDomainCapabilities(const char* record, const char* document, char** completed,
                                         char** error) {
    return answered(completed, error, [&]() -> Answer {
        if (!document || !completed)
            return missing(document ? "completed" : "document");
        return completeDomain(record, document);
    });
}

EXPORTED vhcStatus vhcCheck(const char* host, const char* domain, char** answer, char** error) {
    return answered(answer, error, [&]() -> Answer {
        if (!domain)
            return missing("domain");
        return check(host, domain);
    });
}

EXPORTED vhcStatus vhcBaseline(const char* const* hosts, size_t count, char** mode, char** error) {
    return answered(mode, error, [&]() -> Answer {
        if (!hosts || !mode)
            return missing(hosts ? "mode" : "hosts");
        if (count == 0)
            return {.status = VHC_USAGE, .error = "no host is given"};
        return baseline(hosts, count);
    });
}
}
