// SPDX-License-Identifier: LGPL-2.1-or-later
// What libvirt accepts in <numa>. Each rule was tried with libvirt 9.0, 11.3 and 12.8
// (src/conf/numa_conf.c: virDomainNumaDefParseXML()).
#include "driver/policy/numa_rules.hpp"

#include "driver/text/utf8.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace hostcompat::policy::rules {

namespace {

constexpr std::string_view kMemAccesses[] = {"shared", "private"};
constexpr std::string_view kAnswers[] = {"yes", "no"};
constexpr std::string_view kAssociativities[] = {"none", "direct", "full"};
constexpr std::string_view kWritePolicies[] = {"none", "writeback", "writethrough"};
constexpr std::string_view kAccesses[] = {"access", "read", "write"};
constexpr const char* kRemedy = "write each <cell> with an id from 0 on, its cpus and memory";

/// Whether it is a unit of memory, in upper or lower case (libvirt 9.0 src/util/virutil.c,
/// virScaleInteger()).
bool isUnit(std::string_view text) {
    std::string unit;
    for (const char character : text)
        unit += static_cast<char>(std::tolower(static_cast<unsigned char>(character)));
    if (unit == "b" || unit == "byte" || unit == "bytes")
        return true;
    const std::string_view rest = std::string_view(unit).substr(unit.empty() ? 0 : 1);
    return !unit.empty() && std::string_view("kmgtpe").contains(unit.front()) &&
           (rest.empty() || rest == "ib" || rest == "b");
}

/// virDomainParseMemory() takes 63 bits.
constexpr std::uint64_t kMostMemory = std::numeric_limits<std::int64_t>::max();
/// On pSeries a cell's memory is aligned to 256 MiB first (qemuDomainAlignMemorySizes()).
constexpr std::uint64_t kMostMemoryOfCell = (std::uint64_t{1} << 63U) - (std::uint64_t{1} << 28U);

/// Whether libvirt accepts the size of memory: a number and a unit.
///
/// @param most bytes.
bool isMemory(std::string_view number, std::string_view unit, std::uint64_t most = kMostMemory) {
    const auto count = numberOf<std::uint64_t>(number);
    if (!count || !isUnit(unit))
        return false;
    const std::size_t power = std::string_view("kmgtpe").find(
        static_cast<char>(std::tolower(static_cast<unsigned char>(unit.front()))));
    constexpr unsigned kBitsOfKilo = 10;
    return *count <= (power == std::string_view::npos ? most : most >> (kBitsOfKilo * (power + 1)));
}

/// libvirt treats an empty unit as a missing one.
std::string unitOf(const std::optional<std::string>& unit) {
    return unit.value_or("").empty() ? "KiB" : *unit;
}

/// A required number as virXMLPropUInt() reads it.
std::optional<unsigned> required(const std::optional<std::string>& value) {
    return value ? numberOf(*value) : std::nullopt;
}

/// What libvirt refuses of one <distances>; empty where it takes it.
std::string refusedDistances(const std::vector<xml::NumaSibling>& siblings, unsigned own,
                             std::size_t cells) {
    constexpr unsigned kLocal = 10;
    constexpr unsigned kUnreachable = 255;
    if (siblings.empty())
        return "<distances> without a <sibling>";
    for (const xml::NumaSibling& sibling : siblings) {
        const auto id = required(sibling.id);
        const auto value = required(sibling.value);
        if (!id || *id >= cells)
            return "a <sibling> of <distances> without the id of a cell";
        if (!value || *value < kLocal || *value > kUnreachable ||
            (*id == own) != (*value == kLocal))
            return fmt::format("the value '{}' of <sibling id='{}'>, as it is {} for the cell "
                               "itself and from {} to {} for others",
                               text::clipped(sibling.value.value_or("")), *id, kLocal, kLocal + 1,
                               kUnreachable);
    }
    return {};
}

/// What libvirt refuses of a cell's <cache> elements; empty where it takes them.
///
/// @param levels gets the level of each.
std::string refusedCaches(const std::vector<xml::NumaCache>& caches, std::set<unsigned>& levels) {
    constexpr unsigned kMostLevels = 3;
    for (const xml::NumaCache& cache : caches) {
        const auto level = required(cache.level);
        if (!level || *level == 0 || *level > kMostLevels)
            return fmt::format("a <cache> whose level is not from 1 to {}", kMostLevels);
        if (!levels.insert(*level).second)
            return fmt::format("two <cache level='{}'>", *level);
        if (!has(kAssociativities, cache.associativity.value_or("")))
            return "a <cache> whose associativity is not none, direct or full";
        if (!has(kWritePolicies, cache.policy.value_or("")))
            return "a <cache> whose policy is not none, writeback or writethrough";
        // It looks for an element <unit>, so that the attribute counts for nothing.
        if (!isMemory(cache.size.value_or(""), "KiB") || !isMemory(cache.line.value_or(""), "KiB"))
            return "a <cache> without the value of <size> and of <line>";
    }
    return {};
}

/// The cells as <interconnects> sees them.
struct Known {
    std::set<unsigned> withCpus;
    std::map<unsigned, std::set<unsigned>> caches;
};

/// What libvirt refuses of <interconnects>; empty where it takes them.
std::string refusedInterconnects(const std::vector<xml::NumaInterconnect>& all, const Known& known,
                                 std::size_t cells) {
    std::set<std::tuple<bool, unsigned, unsigned, unsigned, std::string>> seen;
    for (const xml::NumaInterconnect& one : all) {
        const char* const element = one.isBandwidth ? "<bandwidth>" : "<latency>";
        const auto initiator = required(one.initiator);
        const auto target = required(one.target);
        const auto cache = one.cache ? numberOf(*one.cache) : std::optional(0U);
        const std::string access = one.type.value_or("");
        if (!initiator || !target || *initiator >= cells || *target >= cells)
            return fmt::format("a {} whose initiator and target are not cells", element);
        if (!known.withCpus.contains(*initiator))
            return fmt::format("a {} whose initiator, cell {}, has no CPUs", element, *initiator);
        if (!cache || (*cache != 0 && !known.caches.at(*target).contains(*cache)))
            return fmt::format("a {} of a cache that cell {} does not have", element, *target);
        if (!has(kAccesses, access))
            return fmt::format("a {} whose type is not access, read or write", element);
        const bool hasValue =
            one.value && (one.isBandwidth ? isMemory(*one.value, unitOf(one.unit))
                                          : numberOf<std::uint64_t>(*one.value).has_value());
        if (!hasValue)
            return fmt::format("the value '{}' of {}", text::clipped(one.value.value_or("")),
                               element);
        if (!seen.emplace(one.isBandwidth, *initiator, *target, *cache, access).second)
            return fmt::format("two {} between the same cells", element);
    }
    return {};
}

} // namespace

void judgeNuma(const xml::Numa& numa, unsigned vcpus, Refusals& refusals) {
    const std::vector<xml::NumaCell>& cells = numa.cells;
    if (cells.empty())
        return refusals.add("libvirt refuses a <numa> without a <cell>",
                            "take <numa> out of <cpu>");
    std::set<unsigned> ids;
    std::set<unsigned> all;
    Known known;
    for (std::size_t index = 0; index < cells.size(); ++index) {
        const xml::NumaCell& cell = cells[index];
        const auto id = cell.id ? numberOf(*cell.id) : std::optional(static_cast<unsigned>(index));
        if (!id || *id >= cells.size())
            return refusals.add("libvirt refuses the ids of the <cell> elements in <numa>: they do "
                                "not count from 0 without a gap",
                                kRemedy);
        if (!ids.insert(*id).second)
            return refusals.add(fmt::format("libvirt refuses two <cell id='{}'> in <numa>", *id),
                                kRemedy);
        if (!cell.memory)
            return refusals.add(
                fmt::format("libvirt refuses the <cell id='{}'> without memory", *id), kRemedy);
        if (!isMemory(*cell.memory, unitOf(cell.unit), kMostMemoryOfCell))
            return refusals.add(fmt::format("libvirt refuses the memory of <cell id='{}'>, '{}' of "
                                            "unit '{}'",
                                            *id, text::clipped(*cell.memory),
                                            text::clipped(unitOf(cell.unit))),
                                kRemedy);
        const auto cpus = cpusOf(cell.cpus.value_or(""));
        if (!cpus || (cell.cpus && cpus->empty()))
            return refusals.add(fmt::format("libvirt refuses cpus='{}' of <cell id='{}'>",
                                            text::clipped(*cell.cpus), *id),
                                kRemedy);
        if (cell.memAccess && !has(kMemAccesses, *cell.memAccess))
            return refusals.addWord("cell", "memAccess", *cell.memAccess, kMemAccesses);
        if (cell.discard && !has(kAnswers, *cell.discard))
            return refusals.addWord("cell", "discard", *cell.discard, kAnswers);
        if (!cpus->empty())
            known.withCpus.insert(*id);
        for (const unsigned cpu : *cpus)
            if (!all.insert(cpu).second)
                return refusals.add(
                    fmt::format("libvirt refuses the CPU {} in two <cell> elements of <numa>", cpu),
                    kRemedy);
        std::string obstacle =
            cell.siblings ? refusedDistances(*cell.siblings, *id, cells.size()) : "";
        if (obstacle.empty())
            obstacle = refusedCaches(cell.caches, known.caches[*id]);
        if (!obstacle.empty())
            return refusals.add(fmt::format("libvirt refuses in <cell id='{}'> {}", *id, obstacle),
                                "mend it, or take it out of <cell>");
    }
    if (const std::string obstacle = refusedInterconnects(numa.interconnects, known, cells.size());
        !obstacle.empty())
        return refusals.add(fmt::format("libvirt refuses in <interconnects> {}", obstacle),
                            "mend it, or take <interconnects> out of <numa>");
    if (vcpus != 0 && !all.empty() && (all.size() > vcpus || *all.rbegin() >= vcpus))
        refusals.add(
            fmt::format("libvirt refuses a <numa> with CPUs beyond the {} of <vcpu>", vcpus),
            kRemedy);
}

} // namespace hostcompat::policy::rules
