// SPDX-License-Identifier: LGPL-2.1-or-later
// A capabilities document: both parsers accept the same documents and read the same values.
#include "driver/xml/capabilities.hpp"

#include "driver/validate/safe_parse.hpp"
#include "driver/xml/host_modes.hpp"
#include "driver/xml/well_formed.hpp"
#include "fuzz/require.hpp"

using namespace hostcompat;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string bytes = Input(data, size).rest();
    const bool sound = xml::checkDocument(bytes, "input").has_value();
    const bool libxml = validate::parseSafely(bytes, "input").has_value();
    const bool pugi = xml::Document::read(bytes, "input").has_value();
    require(sound || (!libxml && !pugi), "a parser takes what was refused before it");
    // If only one of the parsers accepts a document, it must not be used.
    require(!pugi || libxml, "pugixml's document is none for libxml2");
    require(!libxml || pugi, "libxml2's document is none for pugixml");

    const auto document = xml::CapabilitiesDocument::read(bytes, "input");
    require(!document || libxml, "acts on what libxml2 refuses");
    if (document) {
        const auto compat = document->compat();
        require(compat.has_value() || compat.error().line != 0, "an error without a line");
        // The fast scan of a cluster's documents gives the same result.
        const auto hosts = xml::readHostModes(bytes, "input");
        require(hosts.size() == 1, "one document is not one host");
        require(hosts[0].has_value() == compat.has_value(), "the fast reading errs otherwise");
        if (compat) {
            require(hosts[0]->supported.has_value() == compat->known.has_value(),
                    "the fast reading knows otherwise");
            require(!compat->known || *hosts[0]->supported == compat->known->supported,
                    "the fast reading has other modes");
        }
    }
    return 0;
}
