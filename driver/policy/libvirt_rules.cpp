// SPDX-License-Identifier: LGPL-2.1-or-later
// The words and combinations that libvirt takes, each tried with "virsh define" on libvirt 9.0
// (src/conf/domain_conf.c, src/conf/cpu_conf.c: virCPUDefParseXML).
#include "driver/policy/libvirt_rules.hpp"

#include "driver/text/utf8.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <span>
#include <string_view>

namespace hostcompat::policy {

namespace {

using Words = std::span<const std::string_view>;

constexpr std::string_view kTypes[] = {"none", "qemu",      "kqemu", "kvm",    "xen",    "lxc",
                                       "uml",  "openvz",    "test",  "vmware", "hyperv", "vbox",
                                       "phyp", "parallels", "vz",    "bhyve",  "hvf"};

constexpr std::string_view kArchs[] = {
    "alpha",    "armv6l",     "armv7l",   "armv7b",     "aarch64",      "cris",   "i686",
    "ia64",     "lm32",       "m68k",     "microblaze", "microblazeel", "mips",   "mipsel",
    "mips64",   "mips64el",   "openrisc", "parisc",     "parisc64",     "ppc",    "ppc64",
    "ppc64le",  "ppcle",      "ppcemb",   "riscv32",    "riscv64",      "s390",   "s390x",
    "sh4",      "sh4eb",      "sparc",    "sparc64",    "unicore32",    "x86_64", "xtensa",
    "xtensaeb", "loongarch64" /* libvirt 10.1 */};

constexpr std::string_view kMatches[] = {"minimum", "exact", "strict"};
constexpr std::string_view kChecks[] = {"default", "none", "partial", "full"};
constexpr std::string_view kSwitch[] = {"on", "off"};
constexpr std::string_view kFallbacks[] = {"", "allow", "forbid"};
constexpr std::string_view kPolicies[] = {"force", "require", "optional", "disable", "forbid"};

bool has(Words words, std::string_view word) {
    return std::ranges::find(words, word) != words.end();
}

/// The refusal of an attribute whose value libvirt does not know.
Refusal unknownWord(std::string_view element, std::string_view attribute, std::string_view value,
                    Words words) {
    return {
        fmt::format("libvirt refuses {}='{}' of <{}>", attribute, text::clipped(value), element),
        fmt::format("take {} out of <{}>, or write one of: {}", attribute, element,
                    fmt::join(words, ", "))};
}

Refusal unknownHead(const xml::Domain& domain) {
    if (!has(kTypes, domain.typeText))
        return {fmt::format("libvirt knows no domain type {}", text::clipped(domain.typeText)),
                "write <domain type='kvm'>, or the type of the hypervisor"};
    if (!domain.arch.empty() && !has(kArchs, domain.arch))
        return {
            fmt::format("libvirt knows no architecture {}", text::clipped(domain.arch)),
            "write arch='ppc64le' or arch='ppc64' in <os><type>, or another that libvirt knows"};
    return {};
}

Refusal refusedAttribute(const xml::DomainCpu& cpu) {
    using enum xml::CpuMode;
    if (cpu.match && !xml::isCpuMatch(*cpu.match))
        return unknownWord("cpu", "match", *cpu.match, kMatches);
    if (cpu.check && !has(kChecks, *cpu.check))
        return unknownWord("cpu", "check", *cpu.check, kChecks);
    if (cpu.migratable && !has(kSwitch, *cpu.migratable))
        return unknownWord("cpu", "migratable", *cpu.migratable, kSwitch);
    if (cpu.migratable && cpu.mode != hostPassthrough && cpu.mode != maximum)
        return {"libvirt refuses migratable of <cpu> outside of host-passthrough and maximum",
                "take migratable out of <cpu>"};
    if ((cpu.mode == none || cpu.mode == custom || cpu.mode == hostModel) &&
        !has(kFallbacks, cpu.fallback))
        return unknownWord("model", "fallback", cpu.fallback, Words(kFallbacks).subspan(1));
    return {};
}

Refusal refusedFeature(const xml::DomainCpu& cpu) {
    if (!cpu.features.empty() && cpu.mode == xml::CpuMode::none)
        return {"libvirt refuses <feature> of a <cpu> without <model>",
                "take <feature> out of <cpu>"};
    std::set<std::string_view> names;
    for (const xml::CpuFeature& feature : cpu.features) {
        if (feature.policy && !has(kPolicies, *feature.policy))
            return unknownWord("feature", "policy", *feature.policy, kPolicies);
        if (feature.name.empty())
            return {"libvirt refuses a <feature> without a name", "take <feature> out of <cpu>"};
        if (!names.insert(feature.name).second)
            return {fmt::format("libvirt refuses <feature> {}, which is there twice",
                                text::clipped(feature.name)),
                    "name each <feature> once"};
    }
    return {};
}

} // namespace

Refusal refusedByLibvirt(const xml::Domain& domain) {
    if (Refusal refusal = unknownHead(domain); !refusal.reason.empty())
        return refusal;
    if (Refusal refusal = refusedAttribute(domain.cpu); !refusal.reason.empty())
        return refusal;
    if (!domain.cpu.vendor.empty() && domain.cpu.model.empty())
        return {"libvirt refuses <vendor> of a <cpu> without <model>",
                "take <vendor> out of <cpu>"};
    return refusedFeature(domain.cpu);
}

} // namespace hostcompat::policy
