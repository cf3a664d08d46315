// SPDX-License-Identifier: LGPL-2.1-or-later
// Writes capabilities documents into a folder, and the list of their paths into FOLDER.list.
//
// bench-documents FOLDER small|usual|large|CPUS COUNT [invalid|plain]
// plain: without <compat>, as libvirt itself writes them. CPUS: one large host of 8 cells with so
// many CPUs each.
#include "bench/documents.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>

namespace {

hostcompat::bench::Shape shapeOf(const char* name) {
    using namespace hostcompat::bench;
    if (std::strcmp(name, "small") == 0)
        return smallHost();
    if (std::strcmp(name, "usual") == 0)
        return usualHost();
    Shape shape = largeHost();
    if (std::strcmp(name, "large") != 0)
        shape.cpusPerCell = static_cast<unsigned>(std::strtoul(name, nullptr, 10));
    return shape;
}

} // namespace

int main(int argc, char** argv) {
    if (argc < 4) {
        std::fprintf(
            stderr, "usage: bench-documents FOLDER small|usual|large|CPUS COUNT [invalid|plain]\n");
        return 2;
    }
    const std::filesystem::path folder = argv[1];
    std::filesystem::create_directories(folder);
    hostcompat::bench::Shape shape = shapeOf(argv[2]);
    shape.invalid = argc > 4 && std::strcmp(argv[4], "invalid") == 0;
    shape.compat = argc <= 4 || std::strcmp(argv[4], "plain") != 0;
    std::ofstream list(folder.string() + ".list");
    const auto count = static_cast<unsigned>(std::strtoul(argv[3], nullptr, 10));
    for (shape.number = 0; shape.number < count; ++shape.number) {
        const auto path = folder / (std::to_string(shape.number) + ".xml");
        std::ofstream(path, std::ios::binary) << hostcompat::bench::capabilitiesDocument(shape);
        list << path.string() << '\n';
    }
    list.flush();
    return list ? 0 : 1;
}
