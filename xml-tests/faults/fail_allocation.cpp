// SPDX-License-Identifier: LGPL-2.1-or-later
// Preloaded before the C library. Makes allocation number FAIL_ALLOCATION fail (counted from 1 at
// the start of main), and all later ones if FAIL_ALLOCATION_ON is set. At the end it writes the
// number of allocations to the descriptor FAIL_ALLOCATION_REPORT.
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <dlfcn.h>
#include <unistd.h>

extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);
}

namespace {

std::atomic<long> count{0};
long failing = 0;
bool onwards = false;
bool counting = false;
int (*realMain)(int, char**, char**) = nullptr;

bool fails() {
    if (!counting)
        return false;
    const long number = ++count;
    if (number != failing && !(onwards && number > failing))
        return false;
    errno = ENOMEM;
    return true;
}

void report() {
    counting = false;
    if (const char* descriptor = std::getenv("FAIL_ALLOCATION_REPORT"))
        ::dprintf(std::atoi(descriptor), "%ld\n", count.load());
}

int countedMain(int argc, char** argv, char** environment) {
    if (const char* number = std::getenv("FAIL_ALLOCATION"))
        failing = std::atol(number);
    else
        failing = -1;
    onwards = failing > 0 && std::getenv("FAIL_ALLOCATION_ON");
    counting = true;
    const int status = realMain(argc, argv, environment);
    report();
    return status;
}

} // namespace

extern "C" {

void* malloc(std::size_t size) {
    return fails() ? nullptr : __libc_malloc(size);
}
void* calloc(std::size_t members, std::size_t size) {
    return fails() ? nullptr : __libc_calloc(members, size);
}
void* realloc(void* old, std::size_t size) {
    return fails() ? nullptr : __libc_realloc(old, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) {
    return fails() ? nullptr : __libc_memalign(alignment, size);
}
int posix_memalign(void** place, std::size_t alignment, std::size_t size) {
    if (fails())
        return ENOMEM;
    *place = __libc_memalign(alignment, size);
    return *place ? 0 : ENOMEM;
}

int __libc_start_main(int (*main)(int, char**, char**), int argc, char** argv, void (*init)(),
                      void (*fini)(), void (*loaderFini)(), void* stackEnd) {
    using Start = int (*)(int (*)(int, char**, char**), int, char**, void (*)(), void (*)(),
                          void (*)(), void*);
    realMain = main;
    const auto start = reinterpret_cast<Start>(::dlsym(RTLD_NEXT, "__libc_start_main"));
    return start(countedMain, argc, argv, init, fini, loaderFini, stackEnd);
}
}
