// SPDX-License-Identifier: LGPL-2.1-or-later
// A fake libvirt for tests of the module: libvirt's functions, with its symbol versions, and
// answers that the test sets.
#include "driver/libvirt/module/fake_libvirt.hpp"

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#include <array>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>

FakeLibvirt& fakeLibvirt() {
    static FakeLibvirt fake;
    return fake;
}

extern "C" {

char* virConnectGetCapabilities(virConnectPtr) {
    return fakeLibvirt().document ? ::strdup(fakeLibvirt().document) : nullptr;
}

char* virConnectGetDomainCapabilities(virConnectPtr, const char*, const char*, const char*,
                                      const char*, unsigned int) {
    return fakeLibvirt().domainDocument ? ::strdup(fakeLibvirt().domainDocument) : nullptr;
}

int virConnectCompareCPU(virConnectPtr, const char*, unsigned int) {
    return fakeLibvirt().compared;
}

int virConnectCompareHypervisorCPU(virConnectPtr, const char*, const char*, const char*,
                                   const char*, const char*, unsigned int) {
    return fakeLibvirt().compared;
}

char* virConnectGetURI(virConnectPtr) {
    errno = EBADF;
    return ::strdup(fakeLibvirt().uri.c_str());
}

int virGetVersion(unsigned long* version, const char*, unsigned long*) {
    *version = fakeLibvirt().version;
    return 0;
}

void virLogMessage(void*, int, const char*, int, const char*, void*, const char* format, ...) {
    std::array<char, 4096> line{};
    va_list arguments;
    va_start(arguments, format);
    const int length = std::vsnprintf(line.data(), line.size(), format, arguments);
    va_end(arguments);
    fakeLibvirt().log.emplace_back(length < 0 ? "unprintable" : line.data());
}

void virSetError(virErrorPtr error) {
    fakeLibvirt().error = error->message;
    fakeLibvirt().errorCode = error->code;
}
}
