// SPDX-License-Identifier: LGPL-2.1-or-later
// Loads libvirt with dlopen, so that a command which does not connect does not pay for it
// (9 ms and 40 libraries), and works where libvirt is not installed.
#include "driver/libvirt/library.hpp"

#include <cstdlib>
#include <dlfcn.h>

namespace hostcompat::libvirt {

namespace {

constexpr const char* kLibraryName = "libvirt.so.0";

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

std::string lastLoaderError() {
    const char* text = ::dlerror();
    return text ? text : "the loader does not say why";
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
        find(handle, "virConnectClose", calls.virConnectClose) &&
        find(handle, "virConnectGetURI", calls.virConnectGetURI) &&
        find(handle, "virConnectGetHostname", calls.virConnectGetHostname) &&
        find(handle, "virConnectGetCapabilities", calls.virConnectGetCapabilities);
    if (!complete)
        return std::unexpected(loadError(lastLoaderError()));
    return library;
}

Error LibvirtLibrary::lastError(std::string action, std::string_view uri) const {
    const virError* const error = calls_.virGetLastError();
    return {.kind = ErrorKind::input,
            .action = std::move(action),
            .subject = std::string(uri),
            .reason =
                error && error->message ? error->message : "libvirt does not say what went wrong"};
}

LibvirtConnection::LibvirtConnection(const LibvirtLibrary& library, std::string name,
                                     virConnectPtr connection)
    : library_(&library), name_(std::move(name)),
      connection_(connection, Closer{library.calls().virConnectClose}) {}

Result<LibvirtConnection> LibvirtConnection::open(const LibvirtLibrary& library,
                                                  const std::string& uri) {
    const LibvirtCalls& calls = library.calls();
    std::string name = uri.empty() ? std::string("libvirt's default URI") : uri;
    // Without a function of the program's, libvirt prints every error on standard error.
    calls.virSetErrorFunc(nullptr, [](void*, virErrorPtr) {});
    if (calls.virInitialize() != 0)
        return std::unexpected(library.lastError("initialize libvirt for", name));
    virConnect* const connection =
        calls.virConnectOpenReadOnly(uri.empty() ? nullptr : uri.c_str());
    if (!connection)
        return std::unexpected(library.lastError("connect to", name));
    return LibvirtConnection(library, std::move(name), connection);
}

Result<std::string> LibvirtConnection::text(const char* action,
                                            decltype(&::virConnectGetURI) call) const {
    const std::unique_ptr<char, decltype(&std::free)> answer(call(connection_.get()), &std::free);
    if (!answer)
        return std::unexpected(library_->lastError(action, name_));
    return std::string(answer.get());
}

Result<std::string> LibvirtConnection::uri() const {
    return text("read the URI of", library_->calls().virConnectGetURI);
}

Result<std::string> LibvirtConnection::hostname() const {
    return text("read the host name of", library_->calls().virConnectGetHostname);
}

Result<std::string> LibvirtConnection::capabilities() const {
    return text("read the capabilities of", library_->calls().virConnectGetCapabilities);
}

} // namespace hostcompat::libvirt
