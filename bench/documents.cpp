// SPDX-License-Identifier: LGPL-2.1-or-later
// Generates the parts of a document, indented like libvirt's.
#include "bench/documents.hpp"

#include <fmt/format.h>

#include <iterator>

namespace hostcompat::bench {

namespace {

void cell(std::string& out, const Shape& shape, unsigned id) {
    auto at = std::back_inserter(out);
    const unsigned memory = 33554432 + 4096 * shape.number + id;
    fmt::format_to(at, "        <cell id='{}'>\n          <memory unit='KiB'>{}</memory>\n", id,
                   memory);
    fmt::format_to(at, "          <pages unit='KiB' size='64'>{}</pages>\n", memory / 64);
    fmt::format_to(at, "          <pages unit='KiB' size='2048'>0</pages>\n");
    fmt::format_to(at, "          <pages unit='KiB' size='1048576'>{}</pages>\n", shape.number % 3);
    out += "          <distances>\n";
    for (unsigned other = 0; other < shape.cells; ++other)
        fmt::format_to(at, "            <sibling id='{}' value='{}'/>\n", other,
                       other == id ? 10 : 20 + other);
    fmt::format_to(at, "          </distances>\n          <cpus num='{}'>\n", shape.cpusPerCell);
    for (unsigned i = 0; i < shape.cpusPerCell; ++i) {
        const unsigned cpu = id * shape.cpusPerCell + i;
        const unsigned threads = 8;
        const unsigned core = cpu / threads;
        fmt::format_to(
            at,
            "            <cpu id='{}' socket_id='{}' die_id='0' core_id='{}' siblings='{}-{}'/>\n",
            cpu, id, core, core * threads, core * threads + threads - 1);
    }
    out += "          </cpus>\n        </cell>\n";
}

void guest(std::string& out, const Shape& shape, unsigned number) {
    auto at = std::back_inserter(out);
    const bool wide = number % 2 == 0;
    fmt::format_to(
        at,
        "  <guest>\n    <os_type>hvm</os_type>\n    <arch name='{}'>\n"
        "      <wordsize>{}</wordsize>\n      <emulator>/usr/bin/qemu-system-{}</emulator>\n",
        wide ? "ppc64le" : "ppc", wide ? 64 : 32, wide ? "ppc64" : "ppc");
    for (unsigned i = 0; i < shape.machines; ++i) {
        if (i == 0)
            fmt::format_to(
                at, "      <machine canonical='pseries-{}.{}' maxCpus='{}'>pseries</machine>\n",
                7 + shape.number % 3, number, 1024);
        else
            fmt::format_to(at, "      <machine maxCpus='{}'{}>pseries-{}.{}</machine>\n", 384 + i,
                           i % 5 == 4 ? " deprecated='yes'" : "", 2 + i / 12, i % 12);
    }
    if (shape.invalid && number + 1 == shape.guests)
        out += "      <machine maxCpus='many'>pseries-invalid</machine>\n";
    out += "      <domain type='qemu'/>\n";
    if (wide)
        out += "      <domain type='kvm'/>\n";
    out += "    </arch>\n";
    if (shape.machines > 6)
        out += "    <features>\n      <cpuselection/>\n      <deviceboot/>\n"
               "      <disksnapshot default='on' toggle='no'/>\n    </features>\n";
    out += "  </guest>\n\n";
}

} // namespace

Shape smallHost() {
    return {.cells = 1, .cpusPerCell = 1, .guests = 1, .machines = 1};
}

Shape usualHost() {
    return {.cells = 2, .cpusPerCell = 52, .guests = 2, .machines = 24};
}

Shape largeHost() {
    return {.cells = 8, .cpusPerCell = 64, .guests = 4, .machines = 65};
}

std::string capabilitiesDocument(const Shape& shape) {
    std::string out;
    auto at = std::back_inserter(out);
    fmt::format_to(
        at,
        "<capabilities>\n\n  <host>\n    <uuid>{:08x}-0a1b-4c2d-8e3f-{:012x}</uuid>\n    <cpu>\n"
        "      <arch>ppc64le</arch>\n      <model>POWER10</model>\n      <vendor>IBM</vendor>\n",
        shape.number * 2654435761U, shape.number);
    fmt::format_to(at, "      <topology sockets='{}' dies='1' cores='{}' threads='8'/>\n",
                   shape.cells, shape.cpusPerCell / 8 + 1);
    out += "      <pages unit='KiB' size='64'/>\n      <pages unit='KiB' size='2048'/>\n";
    if (shape.compat)
        out += "      <compat source='kvm'>\n        <mode name='power9' supported='yes'/>\n"
               "        <mode name='power10' supported='yes'/>\n"
               "        <mode name='power11' supported='no'/>\n      </compat>\n";
    out += "    </cpu>\n    <power_management>\n      <suspend_mem/>\n    </power_management>\n"
           "    <iommu support='yes'/>\n    <migration_features>\n      <live/>\n"
           "      <uri_transports>\n        <uri_transport>tcp</uri_transport>\n"
           "        <uri_transport>rdma</uri_transport>\n      </uri_transports>\n"
           "    </migration_features>\n";
    fmt::format_to(at, "    <topology>\n      <cells num='{}'>\n", shape.cells);
    for (unsigned id = 0; id < shape.cells; ++id)
        cell(out, shape, id);
    out += "      </cells>\n    </topology>\n";
    if (shape.machines > 6)
        out += "    <secmodel>\n      <model>selinux</model>\n      <doi>0</doi>\n"
               "      <baselabel type='kvm'>system_u:system_r:svirt_t:s0</baselabel>\n"
               "      <baselabel type='qemu'>system_u:system_r:svirt_tcg_t:s0</baselabel>\n    "
               "</secmodel>\n"
               "    <secmodel>\n      <model>dac</model>\n      <doi>0</doi>\n"
               "      <baselabel type='kvm'>+107:+107</baselabel>\n"
               "      <baselabel type='qemu'>+107:+107</baselabel>\n    </secmodel>\n";
    out += "  </host>\n\n";
    for (unsigned number = 0; number < shape.guests; ++number)
        guest(out, shape, number);
    out += "</capabilities>\n";
    return out;
}

} // namespace hostcompat::bench
