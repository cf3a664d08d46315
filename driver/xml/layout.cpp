// SPDX-License-Identifier: LGPL-2.1-or-later
// Renders elements and detects the indentation of a document.
#include "driver/xml/layout.hpp"

namespace hostcompat::xml {

namespace {

class StringWriter final : public pugi::xml_writer {
public:
    void write(const void* data, std::size_t size) override {
        text.append(static_cast<const char*>(data), size);
    }
    std::string text;
};

bool hasChildElements(pugi::xml_node element) {
    for (const pugi::xml_node child : element.children())
        if (child.type() == pugi::node_element)
            return true;
    return false;
}

void indentChildren(pugi::xml_node element, const std::string& indent, const std::string& step) {
    if (!hasChildElements(element))
        return;
    const std::string inner = indent + step;
    std::string before = "\n";
    before += inner;
    std::string after = "\n";
    after += indent;
    for (pugi::xml_node child = element.first_child(); child; child = child.next_sibling()) {
        element.insert_child_before(pugi::node_pcdata, child).set_value(before.c_str());
        indentChildren(child, inner, step);
    }
    element.append_child(pugi::node_pcdata).set_value(after.c_str());
}

/// The longest white space that counts as indentation. Each line of a new element repeats it, so
/// that a document of 64 MiB of spaces would otherwise become many times larger.
constexpr std::size_t kLongestIndent = 1000;

/// The white space between the last line break before the offset and the offset, and that line
/// break. The break is empty if there is anything else in between.
Layout lineStart(std::string_view bytes, std::size_t offset) {
    std::size_t begin = offset;
    while (begin > 0 && offset - begin <= kLongestIndent &&
           (bytes[begin - 1] == ' ' || bytes[begin - 1] == '\t'))
        --begin;
    if (begin == 0 || bytes[begin - 1] != '\n' || offset - begin > kLongestIndent)
        return {.lineBreak = "", .indent = "", .step = ""};
    const bool carriageReturn = begin >= 2 && bytes[begin - 2] == '\r';
    return {.lineBreak = carriageReturn ? "\r\n" : "\n",
            .indent = std::string(bytes.substr(begin, offset - begin))};
}

} // namespace

std::string renderElement(pugi::xml_node element, const Layout& layout) {
    if (!layout.lineBreak.empty())
        indentChildren(element, layout.indent, layout.step);
    StringWriter writer;
    element.print(writer, "", pugi::format_raw | pugi::format_attribute_single_quote,
                  pugi::encoding_utf8);
    std::string text = std::move(writer.text);
    if (layout.lineBreak == "\r\n")
        for (auto at = text.find('\n'); at != std::string::npos; at = text.find('\n', at + 2))
            text.insert(at, 1, '\r');
    return text;
}

Layout layoutOfChildren(std::string_view bytes, std::size_t element, std::size_t lastChild) {
    Layout own = lineStart(bytes, element);
    if (lastChild == std::string_view::npos) {
        if (own.lineBreak.empty())
            return own;
        const std::string step = own.indent.starts_with('\t') ? "\t" : "  ";
        return {.lineBreak = own.lineBreak, .indent = own.indent + step, .step = step};
    }
    Layout layout = lineStart(bytes, lastChild);
    if (layout.lineBreak.empty())
        return layout;
    if (!own.lineBreak.empty() && layout.indent.size() > own.indent.size() &&
        layout.indent.starts_with(own.indent))
        layout.step = layout.indent.substr(own.indent.size());
    else if (layout.indent.starts_with('\t'))
        layout.step.assign(1, '\t');
    return layout;
}

} // namespace hostcompat::xml
