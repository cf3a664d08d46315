// SPDX-License-Identifier: LGPL-2.1-or-later
// Writes capabilities documents into a folder, and the list of their paths into FOLDER.list.
//
// bench-documents FOLDER small|usual|large|CPUS COUNT [invalid|plain|stream]
// plain: without <compat>, like libvirt's own documents. CPUS: one large host with 8 cells of this
// many CPUs each. stream: the paths are written to standard output for a reader at the other end of
// a pipe. All documents are different. A file is reused when the reader cannot need it any more.
#include "bench/documents.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
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

/// The number of files of a stream. At most a sixth of them are in the pipe or in use by the
/// reader.
constexpr unsigned kRing = 16384;

/// Hosts of different sizes, similar to the usual one.
hostcompat::bench::Shape varied(hostcompat::bench::Shape shape) {
    shape.cpusPerCell = 44 + shape.number % 17;
    shape.machines = 18 + shape.number % 13;
    return shape;
}

} // namespace

int main(int argc, char** argv) {
    if (argc < 4) {
        std::fprintf(
            stderr,
            "usage: bench-documents FOLDER small|usual|large|CPUS COUNT [invalid|plain|stream]\n");
        return 2;
    }
    const std::filesystem::path folder = argv[1];
    std::filesystem::create_directories(folder);
    hostcompat::bench::Shape shape = shapeOf(argv[2]);
    const std::string kind = argc > 4 ? argv[4] : "";
    shape.invalid = kind == "invalid";
    shape.compat = kind != "plain";
    const bool stream = kind == "stream";
    std::ofstream file;
    if (!stream)
        file.open(folder.string() + ".list");
    std::ostream& list = stream ? std::cout : file;
    const auto count = static_cast<unsigned>(std::strtoul(argv[3], nullptr, 10));
    for (shape.number = 0; shape.number < count; ++shape.number) {
        const unsigned name = stream ? shape.number % kRing : shape.number;
        const auto path = folder / (std::to_string(name) + ".xml");
        std::ofstream(path, std::ios::binary)
            << hostcompat::bench::capabilitiesDocument(stream ? varied(shape) : shape);
        list << path.string() << '\n';
    }
    list.flush();
    return list ? 0 : 1;
}
