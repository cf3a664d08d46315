// SPDX-License-Identifier: LGPL-2.1-or-later
// Wraps the allocation functions that the parsers take.
#include "driver/xml/parser_memory.hpp"

#include <libxml/xmlmemory.h>
#include <pugixml.hpp>

#include <cstdlib>
#include <cstring>

namespace hostcompat {

namespace {

// These functions take no context, and there is one set of them for the whole process.
void (*onFailure)() = nullptr;

void* checked(void* memory) {
    if (!memory && onFailure)
        onFailure();
    return memory;
}

void* allocate(std::size_t size) {
    // Zero bytes may be null without any failure.
    return checked(std::malloc(size == 0 ? 1 : size));
}

void* reallocate(void* memory, std::size_t size) {
    return checked(std::realloc(memory, size == 0 ? 1 : size));
}

char* duplicate(const char* text) {
    return static_cast<char*>(checked(::strdup(text)));
}

} // namespace

void stopOnParserMemoryFailure(void (*handler)()) {
    onFailure = handler;
    xmlMemSetup(std::free, allocate, reallocate, duplicate);
    pugi::set_memory_management_functions(allocate, std::free);
}

} // namespace hostcompat
