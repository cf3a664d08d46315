// SPDX-License-Identifier: LGPL-2.1-or-later
// Wraps pugixml's allocation function.
#include "driver/xml/pugixml_memory.hpp"

#include <pugixml.hpp>

#include <cstddef>
#include <cstdlib>
#include <new>

namespace hostcompat::xml {

namespace {

// The function takes no context, and there is one for the whole process.
void (*onFailure)() = nullptr;

void* allocate(std::size_t size) {
    // An allocation of zero bytes may return null without a failure.
    void* const memory = std::malloc(size == 0 ? 1 : size);
    if (!memory)
        onFailure();
    return memory;
}

} // namespace

void stopOnPugixmlMemoryFailure(void (*handler)()) {
    onFailure = handler;
    pugi::set_memory_management_functions(allocate, std::free);
}

void throwOnPugixmlMemoryFailure() {
    stopOnPugixmlMemoryFailure([] { throw std::bad_alloc(); });
}

} // namespace hostcompat::xml
