// SPDX-License-Identifier: LGPL-2.1-or-later
// Loads libvirt with dlopen(), so that a command that does not connect does not spend the time for
// it (9 ms and 40 libraries), and works if libvirt is not installed.
#include "driver/libvirt/library.hpp"

#include "driver/text/utf8.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <dlfcn.h>

namespace hostcompat::libvirt {

namespace {

constexpr const char* kLibraryName = "libvirt.so.0";
constexpr const char* kNeedsToWrite =
    "--translate needs a QEMU daemon and a connection that may write; without it check asks "
    "read-only";

Error loadError(std::string reason) {
    return {.kind = ErrorKind::system,
            .action = "load libvirt's client library",
            .subject = kLibraryName,
            .reason = std::move(reason),
            .remedy = "install it (Debian: libvirt0)"};
}

template <typename Function>
bool find(void* library, const char* name, Function& function) {
    function = reinterpret_cast<Function>(::dlsym(library, name));
    return function != nullptr;
}

/// Whether libvirt's error is about the domain that it should translate, and not about the call.
bool isAboutTheDomain(const virError& error) {
    switch (error.code) {
    case VIR_ERR_ACCESS_DENIED:
    case VIR_ERR_AUTH_CANCELLED:
    case VIR_ERR_AUTH_FAILED:
    case VIR_ERR_AUTH_UNAVAILABLE:
    case VIR_ERR_INVALID_CONN:
    case VIR_ERR_NO_CONNECT:
    case VIR_ERR_NO_MEMORY:
    case VIR_ERR_OPERATION_DENIED:
    case VIR_ERR_OPERATION_TIMEOUT:
    case VIR_ERR_RPC:
        return false;
    case VIR_ERR_NO_SUPPORT:
        // If the driver does not have this call, the error comes from VIR_FROM_DOMAIN; if it is
        // about the CPU, it comes from the CPU driver.
        return error.domain != VIR_FROM_DOMAIN;
    default:
        return error.domain != VIR_FROM_RPC && error.domain != VIR_FROM_REMOTE;
    }
}

std::string lastLoaderError() {
    const char* text = ::dlerror();
    return text ? text : "the dynamic loader gives no reason";
}

} // namespace

Result<LibvirtLibrary> LibvirtLibrary::load() {
    void* const handle = ::dlopen(kLibraryName, RTLD_NOW | RTLD_LOCAL);
    if (!handle)
        return std::unexpected(loadError(lastLoaderError()));
    LibvirtLibrary library;
    LibvirtCalls& calls = library.calls_;
    const bool complete =
        find(handle, "virInitialize", calls.virInitialize) &&
        find(handle, "virSetErrorFunc", calls.virSetErrorFunc) &&
        find(handle, "virGetLastError", calls.virGetLastError) &&
        find(handle, "virConnectOpenReadOnly", calls.virConnectOpenReadOnly) &&
        find(handle, "virConnectOpen", calls.virConnectOpen) &&
        find(handle, "virConnectClose", calls.virConnectClose) &&
        find(handle, "virConnectGetURI", calls.virConnectGetURI) &&
        find(handle, "virConnectGetHostname", calls.virConnectGetHostname) &&
        find(handle, "virConnectGetCapabilities", calls.virConnectGetCapabilities) &&
        find(handle, "virConnectGetDomainCapabilities", calls.virConnectGetDomainCapabilities) &&
        find(handle, "virConnectListAllDomains", calls.virConnectListAllDomains) &&
        find(handle, "virDomainLookupByName", calls.virDomainLookupByName) &&
        find(handle, "virDomainGetName", calls.virDomainGetName) &&
        find(handle, "virDomainIsActive", calls.virDomainIsActive) &&
        find(handle, "virDomainIsPersistent", calls.virDomainIsPersistent) &&
        find(handle, "virDomainGetXMLDesc", calls.virDomainGetXMLDesc) &&
        find(handle, "virDomainFree", calls.virDomainFree) &&
        find(handle, "virConnectDomainXMLToNative", calls.virConnectDomainXMLToNative);
    if (!complete)
        return std::unexpected(loadError(lastLoaderError()));
    return library;
}

Error LibvirtLibrary::lastError(std::string action, std::string_view uri) const {
    const virError* const error = calls_.virGetLastError();
    return {.kind = ErrorKind::input,
            .action = std::move(action),
            .subject = std::string(uri),
            .reason = error && error->message ? error->message : "libvirt gives no reason"};
}

LibvirtConnection::LibvirtConnection(const LibvirtLibrary& library, std::string name,
                                     virConnectPtr connection)
    : library_(&library), name_(std::move(name)),
      connection_(connection, Closer{library.calls().virConnectClose}) {}

Result<LibvirtConnection> LibvirtConnection::open(const LibvirtLibrary& library,
                                                  const std::string& uri, Access access) {
    const LibvirtCalls& calls = library.calls();
    std::string name = uri.empty() ? std::string("libvirt's default URI") : uri;
    // Without an error function, libvirt prints every error on standard error.
    calls.virSetErrorFunc(nullptr, [](void*, virErrorPtr) {});
    if (calls.virInitialize() != 0)
        return std::unexpected(library.lastError("initialize libvirt for", name));
    const auto open =
        access == Access::readOnly ? calls.virConnectOpenReadOnly : calls.virConnectOpen;
    virConnect* const connection = open(uri.empty() ? nullptr : uri.c_str());
    if (!connection)
        return std::unexpected(library.lastError("connect to", name));
    return LibvirtConnection(library, std::move(name), connection);
}

Result<std::string> LibvirtConnection::text(const char* action, char* given) const {
    const std::unique_ptr<char, decltype(&std::free)> answer(given, &std::free);
    if (!answer)
        return std::unexpected(library_->lastError(action, name_));
    return std::string(answer.get());
}

Result<std::string> LibvirtConnection::uri() const {
    return text("read the URI of", library_->calls().virConnectGetURI(connection_.get()));
}

Result<std::string> LibvirtConnection::hostname() const {
    return text("read the host name of",
                library_->calls().virConnectGetHostname(connection_.get()));
}

Result<std::string> LibvirtConnection::capabilities() const {
    return text("read the capabilities of",
                library_->calls().virConnectGetCapabilities(connection_.get()));
}

Result<std::string> LibvirtConnection::domainCapabilities() const {
    return text("read the domain capabilities of",
                library_->calls().virConnectGetDomainCapabilities(connection_.get(), nullptr,
                                                                  nullptr, nullptr, nullptr, 0));
}

Result<ConnectedDomain> LibvirtConnection::read(virDomainPtr domain) const {
    constexpr const char* kAction = "read a domain of";
    const LibvirtCalls& calls = library_->calls();
    const char* const name = calls.virDomainGetName(domain);
    const int active = calls.virDomainIsActive(domain);
    const int persistent = calls.virDomainIsPersistent(domain);
    if (!name || active < 0 || persistent < 0)
        return std::unexpected(library_->lastError(kAction, name_));
    const auto document = [&](int wanted, unsigned flags) {
        return wanted == 0 ? Result<std::string>()
                           : text(kAction, calls.virDomainGetXMLDesc(domain, flags));
    };
    auto running = document(active, 0);
    if (!running)
        return std::unexpected(std::move(running.error()));
    auto defined = document(persistent, VIR_DOMAIN_XML_INACTIVE);
    if (!defined)
        return std::unexpected(std::move(defined.error()));
    return ConnectedDomain{
        .name = name, .running = std::move(*running), .defined = std::move(*defined)};
}

Result<Translation> LibvirtConnection::translate(const ConnectedDomain& domain) const {
    const std::unique_ptr<char, decltype(&std::free)> line(
        library_->calls().virConnectDomainXMLToNative(connection_.get(), "qemu-argv",
                                                      domain.defined.c_str(), 0),
        &std::free);
    if (line)
        return Translation{.refused = false, .text = line.get()};
    const virError* const error = library_->calls().virGetLastError();
    if (error && error->message && isAboutTheDomain(*error))
        return Translation{.refused = true, .text = error->message};
    Error failure = library_->lastError(
        fmt::format("have the domain {} translated by", text::clipped(domain.name)), name_);
    failure.remedy = kNeedsToWrite;
    return std::unexpected(std::move(failure));
}

Result<std::vector<ConnectedDomain>>
LibvirtConnection::domains(const std::vector<std::string>& names) const {
    const LibvirtCalls& calls = library_->calls();
    std::vector<ConnectedDomain> found;
    using Domain = std::unique_ptr<virDomain, decltype(&::virDomainFree)>;
    const auto free = calls.virDomainFree;
    if (!names.empty()) {
        for (const std::string& name : names) {
            const Domain domain(calls.virDomainLookupByName(connection_.get(), name.c_str()), free);
            if (!domain)
                return std::unexpected(library_->lastError(
                    fmt::format("find the domain {} of", text::clipped(name)), name_));
            auto one = read(domain.get());
            if (!one)
                return std::unexpected(std::move(one.error()));
            found.push_back(std::move(*one));
        }
        return found;
    }
    virDomainPtr* listed = nullptr;
    const int count = calls.virConnectListAllDomains(connection_.get(), &listed, 0);
    if (count < 0)
        return std::unexpected(library_->lastError("list the domains of", name_));
    const std::unique_ptr<virDomainPtr, decltype(&std::free)> list(listed, &std::free);
    std::vector<Domain> domains;
    for (int index = 0; index < count; ++index)
        domains.emplace_back(listed[index], free);
    // libvirt lists them in the order of a hash table, which differs between runs.
    std::ranges::sort(domains, {}, [&calls](const Domain& domain) {
        const char* const name = calls.virDomainGetName(domain.get());
        return std::string_view(name ? name : "");
    });
    for (const Domain& domain : domains) {
        auto one = read(domain.get());
        if (one) {
            found.push_back(std::move(*one));
            continue;
        }
        const virError* const error = calls.virGetLastError();
        if (!error || error->code != VIR_ERR_NO_DOMAIN)
            return std::unexpected(std::move(one.error()));
    }
    return found;
}

} // namespace hostcompat::libvirt
