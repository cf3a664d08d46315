// SPDX-License-Identifier: LGPL-2.1-or-later
// Wraps the allocation functions that libxml2 takes.
#include "driver/validate/libxml_memory.hpp"

#include <libxml/xmlmemory.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

namespace hostcompat::validate {

namespace {

// These functions take no context, and there is one set of them for the whole process.
void (*onFailure)() = nullptr;

void* checked(void* memory) {
    if (!memory && onFailure)
        onFailure();
    return memory;
}

// A sanitizer sees what happens to each block only where each is malloc()'s own.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kPooled = false;
#elif defined(__has_feature)
constexpr bool kPooled = !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer) &&
                         !__has_feature(memory_sanitizer);
#else
constexpr bool kPooled = true;
#endif

// libxml2 takes and gives back thousands of small blocks for a document. Each thread keeps those
// given back, by size, and takes them from there without looking any further: a third of the time.
// What a thread has when it ends is kept by the process, which then ends too.

/// Stands before each block; the block behind it is aligned as malloc()'s are.
struct alignas(std::max_align_t) Header {
    std::size_t row = 0;    ///< in which it is kept; 0: it is malloc()'s own
    Header* next = nullptr; ///< while it is kept
};

constexpr std::size_t kGrain = sizeof(Header);
constexpr std::size_t kRows = 33; ///< blocks of up to 32 grains
constexpr std::size_t kSlab = 64 * 1024;

struct Slab {
    Slab* next;
};

struct Kept {
    std::array<Header*, kRows> blocks;
    char* at;
    char* end;
};

// Set up with each thread: in a module that is loaded later it would otherwise be allocated when a
// thread first uses it, and where that fails the C library ends the process.
__attribute__((tls_model("initial-exec"))) thread_local constinit Kept kept{};
/// Every slab, so that none is taken for a leak.
constinit std::atomic<Slab*> slabs{};

constexpr std::size_t rowOf(std::size_t size) {
    if (!kPooled)
        return kRows;
    return size == 0 ? 1 : (size + kGrain - 1) / kGrain;
}

Header* carve(std::size_t bytes) {
    if (static_cast<std::size_t>(kept.end - kept.at) < bytes) {
        char* const fresh = static_cast<char*>(checked(std::malloc(kSlab)));
        if (!fresh)
            return nullptr;
        // It takes the new Slab, which stands at its own address, for one that is not set.
        // cppcheck-suppress legacyUninitvar
        Slab* const slab = ::new (fresh) Slab{slabs.load()};
        while (!slabs.compare_exchange_weak(slab->next, slab)) {
        }
        kept.at = fresh + kGrain;
        kept.end = fresh + kSlab;
    }
    return ::new (std::exchange(kept.at, kept.at + bytes)) Header;
}

void* pooled(std::size_t size) {
    const std::size_t row = rowOf(size);
    Header* header = nullptr;
    if (row >= kRows) {
        void* const memory = checked(std::malloc(kGrain + size));
        if (!memory)
            return nullptr;
        return ::new (memory) Header + 1;
    }
    if ((header = kept.blocks[row]))
        kept.blocks[row] = header->next;
    else if (!(header = carve((row + 1) * kGrain)))
        return nullptr;
    header->row = row;
    return header + 1;
}

void giveBack(void* memory) {
    if (!memory)
        return;
    Header* const header = static_cast<Header*>(memory) - 1;
    if (header->row == 0) {
        std::free(header);
        return;
    }
    header->next = kept.blocks[header->row];
    kept.blocks[header->row] = header;
}

void* reallocate(void* memory, std::size_t size) {
    if (!memory)
        return pooled(size);
    Header* const header = static_cast<Header*>(memory) - 1;
    const std::size_t room = header->row * kGrain;
    if (header->row == 0 && rowOf(size) >= kRows) {
        void* const moved = checked(std::realloc(header, kGrain + size));
        return moved ? static_cast<Header*>(moved) + 1 : nullptr;
    }
    if (header->row != 0 && size <= room)
        return memory;
    void* const moved = pooled(size);
    if (!moved)
        return nullptr;
    std::memcpy(moved, memory, header->row == 0 ? size : std::min(size, room));
    giveBack(memory);
    return moved;
}

char* duplicate(const char* text) {
    const std::size_t size = std::strlen(text) + 1;
    void* const memory = pooled(size);
    return static_cast<char*>(memory ? std::memcpy(memory, text, size) : nullptr);
}

} // namespace

void stopOnLibxmlMemoryFailure(void (*handler)()) {
    onFailure = handler;
    xmlMemSetup(giveBack, pooled, reallocate, duplicate);
}

} // namespace hostcompat::validate
