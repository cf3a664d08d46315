// SPDX-License-Identifier: LGPL-2.1-or-later
// Spares libxml2 the compilation of one regular expression again and again, in static programs.
//
// libxml2's RELAX NG compiles a type's patterns anew for every value that it checks, which is a
// third of the time and more. Where libxml2 is linked statically, the linker can put these
// functions before its own (meson.build: --wrap); what they give is what it would have made.
#include <libxml/xmlregexp.h>

#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>

// The names that the linker's --wrap gives.
// NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp)
extern "C" {
xmlRegexp* __real_xmlRegexpCompile(const xmlChar* pattern);
void __real_xmlRegFreeRegexp(xmlRegexp* regexp);
xmlRegexp* __wrap_xmlRegexpCompile(const xmlChar* pattern);
void __wrap_xmlRegFreeRegexp(xmlRegexp* regexp);
}
// NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp)

namespace {

/// Compiled expressions, kept until the process ends. They do not change when they are used, so
/// threads share them.
struct Cache {
    // Only grammars have patterns; one with more is not worth the memory.
    static constexpr std::size_t kMost = 1000;

    std::mutex mutex;
    std::map<std::string, xmlRegexp*, std::less<>> byPattern;
    std::set<const xmlRegexp*> kept;
};

Cache& cache() {
    // Never destroyed: libxml2 may still use it when the process ends.
    static auto* const only = new Cache;
    return *only;
}

} // namespace

xmlRegexp* __wrap_xmlRegexpCompile(const xmlChar* pattern) {
    if (!pattern)
        return __real_xmlRegexpCompile(pattern);
    const char* const text = reinterpret_cast<const char*>(pattern);
    Cache& known = cache();
    const std::lock_guard lock(known.mutex);
    if (const auto found = known.byPattern.find(text); found != known.byPattern.end())
        return found->second;
    xmlRegexp* const regexp = __real_xmlRegexpCompile(pattern);
    if (regexp && known.kept.size() < Cache::kMost) {
        known.byPattern.emplace(text, regexp);
        known.kept.insert(regexp);
    }
    return regexp;
}

void __wrap_xmlRegFreeRegexp(xmlRegexp* regexp) {
    {
        Cache& known = cache();
        const std::lock_guard lock(known.mutex);
        if (known.kept.contains(regexp))
            return;
    }
    __real_xmlRegFreeRegexp(regexp);
}
