// SPDX-License-Identifier: LGPL-2.1-or-later
// Reads every document of a list, parses it with pugixml, and does nothing else. This is the speed
// to compare with.
#include "driver/input/path_list.hpp"
#include "driver/input/read_file.hpp"

#include <pugixml.hpp>

#include <cstdio>
#include <cstring>
#include <vector>

int main(int argc, char** argv) {
    if (argc != 3 || (std::strcmp(argv[1], "read") != 0 && std::strcmp(argv[1], "parse") != 0)) {
        std::fprintf(stderr, "usage: bench-pugixml read|parse LIST\n");
        return 2;
    }
    const bool parse = std::strcmp(argv[1], "parse") == 0;
    hostcompat::input::PathList list(argv[2]);
    hostcompat::input::InputReader reader;
    unsigned long documents = 0;
    while (const auto path = list.next()) {
        if (!*path)
            return 3;
        const auto bytes = reader.read(**path);
        if (!bytes)
            return 3;
        pugi::xml_document document;
        if (parse && !document.load_buffer(bytes->data(), bytes->size(), pugi::parse_default,
                                           pugi::encoding_utf8))
            return 3;
        ++documents;
    }
    std::printf("%lu\n", documents);
}
