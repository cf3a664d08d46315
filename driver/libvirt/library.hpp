// SPDX-License-Identifier: LGPL-2.1-or-later
// libvirt's client library, which is loaded when it is first needed, and a connection.
#pragma once

#include "driver/libvirt/client.hpp"
#include "driver/model/error.hpp"

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace hostcompat::libvirt {

/// The functions of the library that are used, with their own names and types.
struct LibvirtCalls {
    decltype(&::virInitialize) virInitialize = nullptr;
    decltype(&::virSetErrorFunc) virSetErrorFunc = nullptr;
    decltype(&::virGetLastError) virGetLastError = nullptr;
    decltype(&::virConnectOpenReadOnly) virConnectOpenReadOnly = nullptr;
    decltype(&::virConnectOpen) virConnectOpen = nullptr;
    decltype(&::virConnectClose) virConnectClose = nullptr;
    decltype(&::virConnectGetURI) virConnectGetURI = nullptr;
    decltype(&::virConnectGetHostname) virConnectGetHostname = nullptr;
    decltype(&::virConnectGetCapabilities) virConnectGetCapabilities = nullptr;
    decltype(&::virConnectGetDomainCapabilities) virConnectGetDomainCapabilities = nullptr;
    decltype(&::virConnectListAllDomains) virConnectListAllDomains = nullptr;
    decltype(&::virDomainLookupByName) virDomainLookupByName = nullptr;
    decltype(&::virDomainGetName) virDomainGetName = nullptr;
    decltype(&::virDomainIsActive) virDomainIsActive = nullptr;
    decltype(&::virDomainIsPersistent) virDomainIsPersistent = nullptr;
    decltype(&::virDomainGetXMLDesc) virDomainGetXMLDesc = nullptr;
    decltype(&::virDomainFree) virDomainFree = nullptr;
    decltype(&::virConnectDomainXMLToNative) virConnectDomainXMLToNative = nullptr;
};

/// The library. It stays loaded until the process ends: it cannot be unloaded safely (it leaves
/// thread-local destructors behind), so there is nothing to release.
class LibvirtLibrary {
public:
    /// Loads libvirt.so.0, whose interface has been compatible since libvirt 0.1.
    /// Errors: kind system if it is not installed or lacks a call.
    static Result<LibvirtLibrary> load();

    const LibvirtCalls& calls() const {
        return calls_;
    }
    /// An Error with libvirt's message: its last error in this thread.
    Error lastError(std::string action, std::string_view uri) const;

private:
    LibvirtCalls calls_;
};

/// What a connection may do. libvirt forbids a read-only one to ask for domain capabilities and for
/// the translation of a domain, which change nothing (libvirt 9.0 src/libvirt-domain.c,
/// virConnectGetDomainCapabilities() and virConnectDomainXMLToNative()).
enum class Access { readOnly, readWrite };

/// An open connection. Must not outlive the library that opened it.
class LibvirtConnection {
public:
    /// Opens a connection; an empty URI is libvirt's default. libvirt prints nothing on its own
    /// from then on. May block without a limit. Errors: kind input in libvirt's words.
    static Result<LibvirtConnection> open(const LibvirtLibrary& library, const std::string& uri,
                                          Access access);

    /// The URI as libvirt understood it, with its default or alias resolved.
    /// Errors: kind input in libvirt's words, as for the other calls.
    Result<std::string> uri() const;
    /// The name of the host behind the connection.
    Result<std::string> hostname() const;
    /// The capabilities document, as it came.
    Result<std::string> capabilities() const;
    /// The domain capabilities of the kind of domain that the daemon prefers, as they came.
    Result<std::string> domainCapabilities() const;
    /// The documents of these domains, or of all where none is named. One that is gone before its
    /// document is read is left out where nobody named it.
    Result<std::vector<ConnectedDomain>> domains(const std::vector<std::string>& names) const;
    /// What the daemon would start for a defined domain, or why it would not. Changes nothing.
    /// Errors: kind input in libvirt's words where it could not be asked: it has no translation, or
    /// refuses this connection one, or the connection broke.
    Result<Translation> translate(const ConnectedDomain& domain) const;

private:
    struct Closer {
        decltype(&::virConnectClose) close;
        void operator()(virConnect* connection) const {
            close(connection);
        }
    };
    LibvirtConnection(const LibvirtLibrary& library, std::string name, virConnectPtr connection);
    /// What libvirt gave, or its last error.
    Result<std::string> text(const char* action, char* given) const;
    /// The documents of a domain. Errors: kind input in libvirt's words.
    Result<ConnectedDomain> read(virDomainPtr domain) const;

    const LibvirtLibrary* library_;
    std::string name_;
    std::unique_ptr<virConnect, Closer> connection_;
};

} // namespace hostcompat::libvirt
