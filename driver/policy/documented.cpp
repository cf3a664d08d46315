// SPDX-License-Identifier: LGPL-2.1-or-later
// Finds out which CPU and mode libvirt passes to QEMU for <cpu>, and compares them with command
// lines.
#include "driver/policy/documented.hpp"

#include "driver/policy/wording.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace hostcompat::policy {

namespace {

/// The name of the CPU that libvirt passes to QEMU for <cpu>; empty if that is not certain.
std::string documentedCpu(const xml::Domain& domain) {
    switch (domain.cpu.mode) {
    case xml::CpuMode::custom:
        return std::string(currentModelName(domain.cpu.model));
    case xml::CpuMode::hostPassthrough:
        return "host";
    case xml::CpuMode::hostModel:
        return domain.cpu.model.empty() ? "" : "host";
    default:
        return "";
    }
}

} // namespace

bool equalIgnoringCase(std::string_view left, std::string_view right) {
    return std::ranges::equal(left, right, [](unsigned char a, unsigned char b) {
        return std::tolower(a) == std::tolower(b);
    });
}

std::string_view currentModelName(std::string_view model) {
    constexpr std::array<std::string_view, 4> legacy = {"POWER7_v2.1", "POWER7_v2.3",
                                                        "POWER7+_v2.1", "POWER8_v1.0"};
    return std::ranges::find(legacy, model) != legacy.end() ? model.substr(0, 6) : model;
}

bool libvirtKnowsModel(std::string_view model) {
    constexpr std::array<std::string_view, 8> known = {"POWER6",        "POWER7",       "POWER8",
                                                       "POWER9",        "POWER10",      "POWER11",
                                                       "POWERPC_e5500", "POWERPC_e6500"};
    return std::ranges::find(known, model) != known.end();
}

std::string documentedMode(const xml::Domain& domain) {
    return domain.cpu.mode == xml::CpuMode::hostModel ? domain.cpu.model : std::string();
}

std::string pinnedMode(const xml::Domain& domain) {
    return commandLineOf(domain.qemuArguments).mode.value_or(documentedMode(domain));
}

std::string acceleratorOf(const CommandLine& line) {
    if (!line.accelerators.empty())
        return line.accelerators.front();
    // "kvm:tcg"
    return line.accelerator.empty() ? "tcg"
                                    : line.accelerator.substr(0, line.accelerator.find(':'));
}

std::vector<std::string> setByCommandLine(const xml::Domain& domain, const CommandLine& own) {
    std::vector<std::string> warnings;
    if (!own.cpu.empty() && !equalIgnoringCase(own.cpu, documentedCpu(domain)))
        warnings.push_back(wording::commandLineNamesCpu(domain, own.cpu));
    if (own.mode && *own.mode != documentedMode(domain))
        warnings.push_back(wording::commandLinePins(domain, *own.mode));
    return warnings;
}

std::vector<std::string> contradictions(const xml::Domain& domain, const CommandLine& line,
                                        const CommandLine& own, CommandLineOf who) {
    std::vector<std::string> warnings;
    const auto warn = [&](std::string_view property, std::string_view there,
                          std::string_view here) {
        warnings.push_back(wording::contradictsDocument(domain, who, property, there, here));
    };
    const std::string mode = own.mode.value_or(documentedMode(domain));
    if (line.mode.value_or("") != mode)
        warn("max-cpu-compat", line.mode.value_or(""), mode);
    const std::string cpu = own.cpu.empty() ? documentedCpu(domain) : own.cpu;
    std::string started = line.cpu.empty() ? "host" : line.cpu;
    // libvirt writes the features after the CPU's name.
    if (own.cpu.empty())
        started.resize(std::min(started.find(','), started.size()));
    if (!cpu.empty() && !equalIgnoringCase(cpu, started))
        warn("-cpu", started, cpu);
    const std::string accelerator = domain.type == xml::DomainType::kvm ? "kvm" : "tcg";
    const std::string first = acceleratorOf(line);
    if (first != accelerator)
        warn("-accel", first, accelerator);
    return warnings;
}

bool isOfGuest(const CommandLine& line, std::string_view name, const xml::Domain& domain) {
    return !name.empty() && line.guest == name && !domain.uuid.empty() &&
           equalIgnoringCase(line.uuid, domain.uuid);
}

} // namespace hostcompat::policy
