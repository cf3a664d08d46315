// SPDX-License-Identifier: LGPL-2.1-or-later
// Preloaded into a libvirtd on another machine, so that it sees the host as a POWER10 whose QEMU supports KVM. It
// replaces the result of uname(2), the CPU that libvirt finds, and QEMU's answer about its accelerators, and nothing
// else.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdbool.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

int uname(struct utsname* names) {
    const int result = (int)syscall(SYS_uname, names);
    if (result == 0)
        strcpy(names->machine, "ppc64le");
    return result;
}

// libvirt's private functions have the same arguments in 9.0 and 12.8 (src/cpu/cpu.h,
// src/conf/cpu_conf.h, src/util/virjson.h).

// type 0 is VIR_CPU_TYPE_HOST. The other arguments are ignored.
void* virCPUGetHost(int arch, int type, void* nodeInfo, void* models) {
    (void)arch;
    (void)nodeInfo;
    (void)models;
    int (*parse)(const char*, int, void**, bool);
    *(void**)&parse = dlsym(RTLD_DEFAULT, "virCPUDefParseXMLString");
    void* cpu = NULL;
    const char* const xml =
        type == 0 ? "<cpu><arch>ppc64le</arch><model>POWER10</model><vendor>IBM</vendor>"
                    "<topology sockets='1' cores='1' threads='1'/></cpu>"
                  : "<cpu mode='custom' match='exact'><arch>ppc64le</arch>"
                    "<model fallback='allow'>POWER10</model></cpu>";
    return parse && parse(xml, type, &cpu, false) == 0 ? cpu : NULL;
}

// Before QEMU 10.2 libvirt first asks query-kvm, and then query-accelerators.
void* virJSONValueFromString(const char* text) {
    void* (*next)(const char*);
    *(void**)&next = dlsym(RTLD_NEXT, "virJSONValueFromString");
    const char* const id = strstr(text, "\"id\"");
    if (!id || strlen(id) > 128)
        return next(text);
    char answer[256] = "";
    if (strstr(text, "{\"return\": {\"enabled\": false, \"present\": false}"))
        strcpy(answer, "{\"return\": {\"enabled\": true, \"present\": true}, ");
    else if (strstr(text, "{\"return\": {\"enabled\": \"tcg\", \"present\": ["))
        strcpy(answer, "{\"return\": {\"enabled\": \"kvm\", \"present\": [\"kvm\", \"tcg\"]}, ");
    else
        return next(text);
    return next(strcat(answer, id));
}

// The original function opens /dev/kvm.
int virHostCPUGetKVMMaxVCPUs(void) {
    return 2048;
}
