// SPDX-License-Identifier: LGPL-2.1-or-later
// libxml2's verdict, for comparison with the fast path's.
#pragma once

#include <libxml/parser.h>
#include <libxml/relaxng.h>

#include <memory>
#include <string>

namespace hostcompat::differential {

/// Drops libxml2's messages: only verdicts are compared.
inline void silence(void*, const char*, ...) {}

/// One grammar in libxml2.
class Judge {
public:
    /// `path`: a file. usable() is false if libxml2 refuses the grammar.
    explicit Judge(const std::string& path)
        : Judge(Parser(xmlRelaxNGNewParserCtxt(path.c_str()), &xmlRelaxNGFreeParserCtxt)) {}
    /// A grammar that includes nothing.
    static Judge ofText(const std::string& text) {
        return Judge(Parser(xmlRelaxNGNewMemParserCtxt(text.data(), static_cast<int>(text.size())),
                            &xmlRelaxNGFreeParserCtxt));
    }

    bool usable() const {
        return schema_ != nullptr;
    }

    bool valid(const std::string& document) const {
        const std::unique_ptr<xmlDoc, decltype(&xmlFreeDoc)> tree(
            xmlReadMemory(document.data(), static_cast<int>(document.size()), "d.xml", nullptr,
                          XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_NONET),
            &xmlFreeDoc);
        if (!tree)
            return false;
        const std::unique_ptr<xmlRelaxNGValidCtxt, decltype(&xmlRelaxNGFreeValidCtxt)> context(
            xmlRelaxNGNewValidCtxt(schema_.get()), &xmlRelaxNGFreeValidCtxt);
        xmlRelaxNGSetValidErrors(context.get(), silence, silence, nullptr);
        return xmlRelaxNGValidateDoc(context.get(), tree.get()) == 0;
    }

private:
    using Parser = std::unique_ptr<xmlRelaxNGParserCtxt, decltype(&xmlRelaxNGFreeParserCtxt)>;

    explicit Judge(const Parser& parser) : schema_(nullptr, &xmlRelaxNGFree) {
        xmlRelaxNGSetParserErrors(parser.get(), silence, silence, nullptr);
        schema_.reset(xmlRelaxNGParse(parser.get()));
    }

    std::unique_ptr<xmlRelaxNG, decltype(&xmlRelaxNGFree)> schema_;
};

} // namespace hostcompat::differential
