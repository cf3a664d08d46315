// SPDX-License-Identifier: LGPL-2.1-or-later
// Wraps libxml2's allocation functions.
#include "driver/validate/libxml_memory.hpp"

#include <libxml/xmlmemory.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>

namespace hostcompat::validate {

namespace {

// These functions take no context, and there is one set of them for the whole process.
void (*onFailure)() = nullptr;

template <typename T>
T* checked(T* memory) {
    if (!memory)
        onFailure();
    return memory;
}

void* allocate(std::size_t size) {
    // An allocation of zero bytes may return null without a failure.
    return checked(std::malloc(size == 0 ? 1 : size));
}

void* reallocate(void* memory, std::size_t size) {
    return checked(std::realloc(memory, size == 0 ? 1 : size));
}

char* duplicate(const char* text) {
    return checked(::strdup(text));
}

} // namespace

void stopOnLibxmlMemoryFailure(void (*handler)()) {
    onFailure = handler;
    xmlMemSetup(std::free, allocate, reallocate, duplicate);
}

} // namespace hostcompat::validate
