// SPDX-License-Identifier: LGPL-2.1-or-later
// Inserting <compat>: no other byte changes, inserting again changes nothing, and both parsers
// accept the result.
#include "driver/validate/safe_parse.hpp"
#include "driver/validate/validator.hpp"
#include "driver/xml/capabilities.hpp"
#include "driver/xml/domain.hpp"
#include "fuzz/modes.hpp"
#include "fuzz/require.hpp"

#include <vector>

using namespace hostcompat;

namespace {

pugi::xml_node cpuOf(const xml::Document& document) {
    for (pugi::xml_node host : document.root().children())
        if (xml::isElement(host, "host"))
            for (pugi::xml_node cpu : host.children())
                if (xml::isElement(cpu, "cpu"))
                    return cpu;
    return {};
}

/// The content of <cpu>, without <compat> and white space.
std::string besides(const xml::Document& document, pugi::xml_node cpu) {
    const std::string& bytes = document.bytes();
    const xml::ElementSpan span = document.spanOf(cpu);
    std::string rest;
    std::size_t at = span.contentBegin;
    for (pugi::xml_node child : cpu.children()) {
        if (!xml::isElement(child, "compat"))
            continue;
        const xml::ElementSpan compat = document.spanOf(child);
        rest += bytes.substr(at, compat.begin - at);
        at = compat.end;
    }
    rest += bytes.substr(at, span.contentEnd - at);
    std::erase_if(rest, [](char byte) {
        return byte == ' ' || byte == '\n' || byte == '\t' || byte == '\r';
    });
    return rest;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static validate::Validator validator(*validate::Grammar::builtIn());
    Input input(data, size);
    const model::KnownCompat compat = modesFrom(input.choice());
    const std::string bytes = input.rest();
    const auto before = xml::CapabilitiesDocument::read(bytes, "input");
    if (!before)
        return 0;

    const std::string spliced = before->withCompat(compat);
    require(validate::parseSafely(spliced, "output").has_value(),
            "libxml2 refuses what was written");
    const auto after = xml::CapabilitiesDocument::read(spliced, "output");
    require(after.has_value(), "pugixml refuses what was written");
    require(after->withCompat(compat) == spliced, "twice is not as once");
    const auto read = after->compat();
    // For another architecture no mode is believed, and no mode that is newer than the document's
    // processor.
    const unsigned processor = model::generationOfCpuModel(before->model());
    const model::ModeSet expected =
        processor == 0 ? compat.supported : compat.supported & model::modesUpTo(processor);
    if (before->arch().empty() || xml::isPowerArch(before->arch()))
        require(read && read->known && read->known->supported == expected &&
                    read->known->source == compat.source,
                "something else is read than was written");
    else
        require(read && !read->known, "modes of a host without them are read");

    const pugi::xml_node cpuBefore = cpuOf(before->document());
    const pugi::xml_node cpuAfter = cpuOf(after->document());
    const xml::ElementSpan from = before->document().spanOf(cpuBefore);
    const xml::ElementSpan to = after->document().spanOf(cpuAfter);
    require(bytes.substr(0, from.begin) == spliced.substr(0, to.begin),
            "bytes before <cpu> change");
    require(bytes.substr(from.end) == spliced.substr(to.end), "bytes behind <cpu> change");
    require(besides(before->document(), cpuBefore) == besides(after->document(), cpuAfter),
            "something else in <cpu> changes");

    const auto was = validator.validate(bytes, "input");
    const auto is = validator.validate(spliced, "output");
    require(is.has_value(), "what was written cannot be validated");
    require(!was || !was->valid || is->valid, "a valid document is not valid any more");
    return 0;
}
