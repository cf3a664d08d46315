// SPDX-License-Identifier: LGPL-2.1-or-later
// Keeps the module out of the processes that the daemon starts.
//
// libvirt passes LD_PRELOAD on to every QEMU, hook and helper (src/util/vircommand.c,
// virCommandAddEnvPassCommon()). None of them uses this object, and a guest's process should not
// contain more than it needs. So in the daemon, before its first thread, the entry is removed from
// the environment. In any other program it stays, because a shell or a wrapper must pass it to the
// client that it starts.
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>

namespace {

bool isDaemon(const char* name) {
    return std::strcmp(name, "libvirtd") == 0 || std::strcmp(name, "virtqemud") == 0;
}

/// Whether an entry of the list is this object: its path, or only its name, which the dynamic
/// loader searches for in its folders.
bool isSelf(const char* entry, const char* path) {
    const char* const slash = std::strrchr(path, '/');
    return std::strcmp(entry, path) == 0 || (slash && std::strcmp(entry, slash + 1) == 0);
}

[[gnu::constructor]] void leaveEnvironment() {
    const char* const list = ::getenv("LD_PRELOAD");
    Dl_info self;
    if (!list || !isDaemon(program_invocation_short_name) ||
        ::dladdr(reinterpret_cast<void*>(&leaveEnvironment), &self) == 0 || !self.dli_fname)
        return;
    char* const rest = ::strdup(list);
    if (!rest)
        return;
    // The loader takes spaces and colons as separators (ld.so(8)).
    char* end = rest;
    char* place = nullptr;
    for (const char* entry = ::strtok_r(rest, " :", &place); entry;
         entry = ::strtok_r(nullptr, " :", &place)) {
        if (isSelf(entry, self.dli_fname))
            continue;
        // Moved to the front, over the part that was already read.
        const std::size_t length = std::strlen(entry);
        if (end != rest)
            *end++ = ':';
        std::memmove(end, entry, length);
        end += length;
    }
    *end = '\0';
    if (end == rest)
        ::unsetenv("LD_PRELOAD");
    else
        ::setenv("LD_PRELOAD", rest, 1);
    std::free(rest);
}

} // namespace
