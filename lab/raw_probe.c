/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Asks /dev/kvm with plain system calls, reads the kernel's files, and prints the results as JSON.
 *
 * The lab compares the tool with this program, so it shares no code with driver/: the numbers are
 * taken from Linux 7.3's headers (include/uapi/linux/kvm.h, arch/powerpc/include/uapi/asm/kvm.h),
 * nothing is retried, and no conclusion is drawn here.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

enum {
    GET_API_VERSION = 0x2000AE00, /* _IO(0xAE, 0x00): on POWER the top bits of an ioctl without data are 1. */
    CREATE_VM = 0x2000AE01,
    CHECK_EXTENSION = 0x2000AE03,
    CREATE_VCPU = 0x2000AE41,
    GET_COMPAT_CAPS = 0x2000AEB8,
};
/* _IOW(0xAE, 0xA3, 104 bytes) and _IOW(0xAE, 0xAC, 16 bytes): on POWER the top bits of an ioctl that writes are 4. */
static const unsigned long ENABLE_CAP = 0x8068AEA3, SET_ONE_REG = 0x8010AEAC;
/* A POWER register of 32 bits. */
static const uint64_t ARCH_COMPAT = 0x10200000000000b7;

static const char *separator = "";

static void key(const char *name) {
    printf("%s\"%s\": ", separator, name);
    separator = ", ";
}

static void number(const char *name, long long value) {
    key(name);
    printf("%lld", value);
}

static void open_scope(const char *name, char bracket) {
    if (name)
        key(name);
    else
        printf("%s", separator);
    putchar(bracket);
    separator = "";
}

static void close_scope(char bracket) {
    putchar(bracket);
    separator = ", ";
}

static void text(const char *name, const char *bytes, size_t length) {
    if (name)
        key(name);
    else {
        printf("%s", separator);
        separator = ", ";
    }
    putchar('"');
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)bytes[i];
        if (c == '"' || c == '\\')
            printf("\\%c", c);
        else if (c < 0x20 || c > 0x7e)
            printf("\\u%04x", c);
        else
            putchar(c);
    }
    putchar('"');
}

static void hex(const char *name, uint64_t value) {
    key(name);
    printf("\"0x%016llx\"", (unsigned long long)value);
}

/* Reads a small file; -errno if it cannot be read. */
static ssize_t slurp(const char *path, char *buffer, size_t room) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    size_t got = 0;
    ssize_t n = 0;
    while (got < room && (n = read(fd, buffer + got, room - got)) > 0)
        got += (size_t)n;
    int failed = errno;
    close(fd);
    return n < 0 ? -failed : (ssize_t)got;
}

static void call(int vm, const char *name, uint64_t size, uint64_t flags, int tail) {
    /* Larger than any size tried, because the kernel checks all the bytes that follow its own struct. */
    static uint64_t block[16384 / 8 + 8];
    memset(block, 0, sizeof block);
    block[0] = size;
    block[1] = flags;
    if (tail)
        block[3] = 1;
    int result = ioctl(vm, GET_COMPAT_CAPS, block);
    int failed = result < 0 ? errno : 0;
    open_scope(name, '{');
    number("result", result);
    number("errno", failed);
    number("size", (long long)block[0]);
    hex("capabilities", block[2]);
    close_scope('}');
}

static void extensions(int descriptor, const char *name) {
    static const int asked[] = {57, 65, 68, 70, 87, 134, 135, 160, 249, 250};
    open_scope(name, '{');
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
        char number_of[16];
        snprintf(number_of, sizeof number_of, "%d", asked[i]);
        number(number_of, ioctl(descriptor, CHECK_EXTENSION, asked[i]));
    }
    close_scope('}');
}

/* The errno of a call; 0 if it succeeded. */
static int failure(int result) {
    return result < 0 ? errno : 0;
}

/* Sets one level on a new vCPU that never runs, as QEMU pins a guest; stops at the first call that fails. */
static void try_level(int kvm, const char *name, uint32_t level) {
    struct { uint32_t number, flags; uint64_t arguments[4]; uint8_t padding[64]; } papr = {.number = 68};
    struct { uint64_t id, address; } reg = {ARCH_COMPAT, (uint64_t)(uintptr_t)&level};
    int vm = -1, vcpu = -1, failed;
    open_scope(name, '{');
    vm = ioctl(kvm, CREATE_VM, 0);
    number("create_vm_errno", failed = failure(vm));
    if (!failed) {
        vcpu = ioctl(vm, CREATE_VCPU, 0);
        number("create_vcpu_errno", failed = failure(vcpu));
    }
    if (!failed)
        number("enable_papr_errno", failed = failure(ioctl(vcpu, ENABLE_CAP, &papr)));
    if (!failed)
        number("set_errno", failure(ioctl(vcpu, SET_ONE_REG, &reg)));
    close_scope('}');
    if (vcpu >= 0)
        close(vcpu);
    if (vm >= 0)
        close(vm);
}

static void ask_kvm(void) {
    open_scope("kvm", '{');
    int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
    number("open_errno", kvm < 0 ? errno : 0);
    if (kvm >= 0) {
        number("api_version", ioctl(kvm, GET_API_VERSION, 0));
        extensions(kvm, "extensions");
        int vm = ioctl(kvm, CREATE_VM, 0);
        number("create_vm_errno", vm < 0 ? errno : 0);
        if (vm >= 0) {
            extensions(vm, "vm_extensions");
            open_scope("calls", '{');
            call(vm, "size_24", 24, 0, 0);
            call(vm, "size_32_zero_tail", 32, 0, 0);
            call(vm, "size_32_tail", 32, 0, 1);
            call(vm, "size_16384", 16384, 0, 0);
            call(vm, "size_65544", 65544, 0, 0);
            call(vm, "size_23", 23, 0, 0);
            call(vm, "size_0", 0, 0, 0);
            call(vm, "flags_1", 24, 1, 0);
            close_scope('}');
            close(vm);
            /* Logical PVRs; 0 is the processor's own mode, and the last one belongs to no processor. */
            open_scope("trial", '{');
            try_level(kvm, "power8", 0x0f000004);
            try_level(kvm, "power9", 0x0f000005);
            try_level(kvm, "power10", 0x0f000006);
            try_level(kvm, "power11", 0x0f000007);
            try_level(kvm, "raw", 0);
            try_level(kvm, "control", 0x0f0000ff);
            close_scope('}');
        }
        close(kvm);
    }
    close_scope('}');
}

static void dump_cpus(void) {
    static char buffer[4096];
    open_scope("cpu_nodes", '[');
    DIR *folder = opendir("/proc/device-tree/cpus");
    struct dirent *entry;
    while (folder && (entry = readdir(folder)) != NULL) {
        char path[512];
        snprintf(path, sizeof path, "/proc/device-tree/cpus/%s/device_type", entry->d_name);
        if (entry->d_name[0] == '.' || slurp(path, buffer, sizeof buffer) < 3 || strcmp(buffer, "cpu") != 0)
            continue;
        open_scope(NULL, '{');
        text("node", entry->d_name, strlen(entry->d_name));
        snprintf(path, sizeof path, "/proc/device-tree/cpus/%s/cpu-version", entry->d_name);
        ssize_t length = slurp(path, buffer, sizeof buffer);
        number("length", length);
        if (length >= 4) {
            const unsigned char *b = (const unsigned char *)buffer;
            hex("cpu_version", (uint64_t)b[0] << 24 | (uint64_t)b[1] << 16 | (uint64_t)b[2] << 8 | b[3]);
        }
        close_scope('}');
    }
    if (folder)
        closedir(folder);
    close_scope(']');
}

static void dump_file(const char *name, const char *path) {
    static char buffer[65536];
    ssize_t length = slurp(path, buffer, sizeof buffer);
    if (length < 0)
        number(name, length);
    else
        text(name, buffer, (size_t)length);
}

int main(void) {
    struct utsname system;
    struct stat information;
    uname(&system);
    open_scope(NULL, '{');
    text("kernel", system.release, strlen(system.release));
    text("arch", system.machine, strlen(system.machine));
#ifdef __powerpc64__
    /* The kernel emulates this privileged instruction and returns the number of the real chip. */
    unsigned long pvr;
    __asm__("mfspr %0, 287" : "=r"(pvr));
    hex("pvr", pvr);
#endif
    const char *platform = (const char *)getauxval(AT_PLATFORM);
    const char *base = (const char *)getauxval(AT_BASE_PLATFORM);
    text("at_platform", platform ? platform : "", platform ? strlen(platform) : 0);
    text("at_base_platform", base ? base : "", base ? strlen(base) : 0);
    number("page_size", sysconf(_SC_PAGESIZE));
    number("module_kvm", stat("/sys/module/kvm", &information) == 0);
    number("module_kvm_hv", stat("/sys/module/kvm_hv", &information) == 0);
    dump_file("kvm_hv_nested", "/sys/module/kvm_hv/parameters/nested");
    dump_file("compatible", "/proc/device-tree/compatible");
    dump_file("cpuinfo", "/proc/cpuinfo");
    dump_cpus();
    ask_kvm();
    close_scope('}');
    putchar('\n');
    return ferror(stdout) ? 1 : 0;
}
