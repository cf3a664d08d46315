// SPDX-License-Identifier: LGPL-2.1-or-later
// A fake of libvirt's client library. Its daemon answers with the files of a folder.
//
// VHC_STAND_IN names the folder. If it contains "error", opening fails with this text. Otherwise
// "uri" is the connection's URI, "capabilities" and "domain-capabilities" are its documents, and
// "domain" is that of its only domain, which is defined. If there is "running", the domain is
// running with that document. "native" is its command line, "refusal" the reason why it has none.
// If there is "denied", the connection may not ask, and if there is "hang", there is never an
// answer.
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <unistd.h>

namespace {

std::string theError;
std::string theUri;
bool mayWrite = false;
virErrorNumber theCode = VIR_ERR_INTERNAL_ERROR;
virErrorDomain theDomain = VIR_FROM_NONE;

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
    error.code = theCode;
    error.domain = theDomain;
    return &error;
}

virConnectPtr virConnectOpenReadOnly(const char* name) {
    theUri = name ? name : "";
    mayWrite = false;
    return read("error", theError) ? nullptr : reinterpret_cast<virConnectPtr>(&theUri);
}

virConnectPtr virConnectOpen(const char* name) {
    virConnectPtr connection = virConnectOpenReadOnly(name);
    mayWrite = true;
    return connection;
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
    std::string text;
    return read("running", text) ? 1 : 0;
}

int virDomainIsPersistent(virDomainPtr) {
    return 1;
}

char* virDomainGetXMLDesc(virDomainPtr, unsigned int flags) {
    return copyOf((flags & VIR_DOMAIN_XML_INACTIVE) != 0 ? "domain" : "running");
}

char* virConnectDomainXMLToNative(virConnectPtr, const char* format, const char* document,
                                  unsigned int) {
    std::string expected;
    if (read("hang", expected))
        for (;;)
            ::pause();
    if (!mayWrite || read("denied", theError)) {
        theCode = VIR_ERR_OPERATION_DENIED;
        theDomain = VIR_FROM_DOMAIN;
        if (!mayWrite)
            theError = "read only access prevents virConnectDomainXMLToNative";
        return nullptr;
    }
    if (std::string(format) != "qemu-argv" || !read("domain", expected) || expected != document) {
        theError = "the stand-in translates the defined domain to qemu-argv only";
        return nullptr;
    }
    if (!read("refusal", theError))
        return copyOf("native");
    theCode = VIR_ERR_CONFIG_UNSUPPORTED;
    theDomain = VIR_FROM_QEMU;
    return nullptr;
}

int virDomainFree(virDomainPtr) {
    return 0;
}
}
