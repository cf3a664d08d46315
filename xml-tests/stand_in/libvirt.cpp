// SPDX-License-Identifier: LGPL-2.1-or-later
// Stands in for libvirt's client library: a daemon that answers what a folder of files says.
//
// VHC_STAND_IN names the folder. "error" there is the text with which opening fails; otherwise
// "uri" is the connection's URI, "capabilities" and "domain-capabilities" its documents, and
// "domain" that of its one domain, which is defined and does not run.
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace {

std::string theError;
std::string theUri;

bool read(const char* name, std::string& text) {
    const char* const folder = std::getenv("VHC_STAND_IN");
    std::ifstream file(std::filesystem::path(folder ? folder : "/nonexistent") / name,
                       std::ios::binary);
    text.assign(std::istreambuf_iterator<char>(file), {});
    return file.is_open();
}

char* copyOf(const char* name) {
    std::string text;
    if (read(name, text))
        return ::strdup(text.c_str());
    theError = std::string("the stand-in has no file ") + name;
    return nullptr;
}

} // namespace

extern "C" {

int virInitialize(void) {
    return 0;
}

void virSetErrorFunc(void*, virErrorFunc) {}

virErrorPtr virGetLastError(void) {
    static virError error{};
    error.message = theError.data();
    return &error;
}

virConnectPtr virConnectOpenReadOnly(const char* name) {
    theUri = name ? name : "";
    return read("error", theError) ? nullptr : reinterpret_cast<virConnectPtr>(&theUri);
}

virConnectPtr virConnectOpen(const char* name) {
    return virConnectOpenReadOnly(name);
}

int virConnectClose(virConnectPtr) {
    return 0;
}

char* virConnectGetURI(virConnectPtr) {
    std::string text;
    return ::strdup(read("uri", text) ? text.c_str() : theUri.c_str());
}

char* virConnectGetHostname(virConnectPtr) {
    return copyOf("hostname");
}

char* virConnectGetCapabilities(virConnectPtr) {
    return copyOf("capabilities");
}

char* virConnectGetDomainCapabilities(virConnectPtr, const char*, const char*, const char*,
                                      const char*, unsigned int) {
    return copyOf("domain-capabilities");
}

int virConnectListAllDomains(virConnectPtr, virDomainPtr** domains, unsigned int) {
    *domains = static_cast<virDomainPtr*>(std::calloc(2, sizeof(virDomainPtr)));
    (*domains)[0] = reinterpret_cast<virDomainPtr>(&theUri);
    return 1;
}

virDomainPtr virDomainLookupByName(virConnectPtr, const char*) {
    return reinterpret_cast<virDomainPtr>(&theUri);
}

const char* virDomainGetName(virDomainPtr) {
    return "guest";
}

int virDomainIsActive(virDomainPtr) {
    return 0;
}

int virDomainIsPersistent(virDomainPtr) {
    return 1;
}

char* virDomainGetXMLDesc(virDomainPtr, unsigned int) {
    return copyOf("domain");
}

int virDomainFree(virDomainPtr) {
    return 0;
}
}
