// SPDX-License-Identifier: LGPL-2.1-or-later
// Completing domain capabilities: only the values of usable and the modes change, completing again
// changes nothing, and both parsers accept the result.
#include "driver/xml/domain_capabilities.hpp"

#include "driver/validate/safe_parse.hpp"
#include "driver/validate/validator.hpp"
#include "fuzz/modes.hpp"
#include "fuzz/require.hpp"

using namespace hostcompat;

namespace {

bool isAnswer(pugi::xml_node node) {
    return xml::isElement(node, "enum") &&
           std::string_view(node.attribute("name").value()) == "compat";
}

/// The document's bytes without white space, without the answer in <mode name='host-model'>, and
/// with "usable" in place of each of its values in <mode name='custom'>.
std::string besides(const xml::Document& document) {
    const std::string& bytes = document.bytes();
    std::string rest;
    std::size_t at = 0;
    for (pugi::xml_node cpu : document.root().children()) {
        if (!xml::isElement(cpu, "cpu"))
            continue;
        for (pugi::xml_node mode : cpu.children()) {
            if (!xml::isElement(mode, "mode") ||
                std::string_view(mode.attribute("supported").value()) != "yes")
                continue;
            const std::string_view name = mode.attribute("name").value();
            const xml::ElementSpan span = document.spanOf(mode);
            if (name == "host-model") {
                rest += bytes.substr(at, span.contentBegin - (span.selfClosing ? 2 : 1) - at) + '>';
                at = span.contentBegin;
                for (pugi::xml_node child : mode.children())
                    if (isAnswer(child)) {
                        const xml::ElementSpan old = document.spanOf(child);
                        rest += bytes.substr(at, old.begin - at);
                        at = old.end;
                    }
                rest += bytes.substr(at, span.contentEnd - at) + "</mode>";
                at = span.end;
            }
            if (name == "custom")
                for (pugi::xml_node child : mode.children())
                    if (xml::isElement(child, "model")) {
                        // Keep the other bytes of the tag, but not the values of usable.
                        const xml::ElementSpan model = document.spanOf(child);
                        rest += bytes.substr(at, model.begin - at);
                        std::string tag =
                            bytes.substr(model.begin, model.contentBegin - model.begin);
                        for (const std::string quote : {"'", "\""})
                            for (const std::string word : {"unknown", "yes", "no"})
                                for (auto place = tag.find(quote + word + quote);
                                     place != std::string::npos;
                                     place = tag.find(quote + word + quote))
                                    tag.replace(place, word.size() + 2, "usable");
                        rest += tag;
                        at = model.contentBegin;
                    }
        }
    }
    rest += bytes.substr(at);
    std::erase_if(rest, [](char byte) {
        return byte == ' ' || byte == '\n' || byte == '\t' || byte == '\r';
    });
    return rest;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static validate::Validator validator(*validate::Grammar::builtIn());
    Input input(data, size);
    const unsigned choice = input.choice();
    const std::string bytes = input.rest();
    const auto before = xml::DomainCapabilitiesDocument::read(bytes, "input");
    if (!before) {
        require(before.error().kind == ErrorKind::input, "an input's fault is called another's");
        return 0;
    }
    xml::DomainCapabilitiesAnswer answer{.usable = {}, .modes = modesFrom(choice).supported};
    bool yes = (choice & 1) != 0;
    for (const std::string& model : before->customModels())
        answer.usable[model] = yes = !yes;
    const std::string completed = before->withAnswer(answer);
    require(validate::parseSafely(completed, "output").has_value(),
            "libxml2 refuses what was written");
    const auto after = xml::DomainCapabilitiesDocument::read(completed, "output");
    require(after.has_value(), "what was written is refused");
    require(after->withAnswer(answer) == completed, "twice is not as once");
    require(after->customModels() == before->customModels(), "other models");
    require(besides(before->document()) == besides(after->document()), "something else changes");
    const auto was = validator.validate(bytes, "input");
    const auto is = validator.validate(completed, "output");
    require(is.has_value(), "what was written cannot be validated");
    require(!was || !was->valid || is->valid, "a valid document is not valid any more");
    return 0;
}
