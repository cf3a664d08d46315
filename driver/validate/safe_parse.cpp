// SPDX-License-Identifier: LGPL-2.1-or-later
// Runs libxml2 after checkDocument(), with libxml2's unsafe features disabled as well.
#include "driver/validate/safe_parse.hpp"

#include "driver/validate/libxml_error.hpp"
#include "driver/xml/well_formed.hpp"

#include <libxml/dict.h>

#include <string>
#include <utility>

namespace hostcompat::validate {

namespace {

// libxml2's own limits (XML_PARSE_HUGE lifts them) are replaced by those of checkDocument().
// XInclude is never called.
constexpr int kOptions = XML_PARSE_NONET | XML_PARSE_HUGE | XML_PARSE_COMPACT;
// The largest number of different names in a document. libxml2 2.9's table of names has 16384 rows,
// and becomes slow with many more names.
constexpr int kMostNames = 100000;

struct ContextDeleter {
    void operator()(xmlParserCtxt* context) const {
        xmlFreeParserCtxt(context);
    }
};
using Context = std::unique_ptr<xmlParserCtxt, ContextDeleter>;

void keepFirst(void* userData, LibxmlError* error) {
    FirstLibxmlError::keep(static_cast<xmlParserCtxt*>(userData)->_private, error);
}

// `extra`, which only XSLT uses, holds the upper half of an element's line. `line` has only 16
// bits, and libxml2's own solution stores the line of the text after the element.
void setLine(xmlNode* node, std::size_t line) {
    node->line = static_cast<unsigned short>(line & 0xFFFF);
    node->extra = static_cast<unsigned short>((line >> 16) & 0xFFFF);
}

/// Stops parsing if a document has too many names. The rest of it is not examined.
void limitNames(xmlParserCtxt* context) {
    if (xmlDictSize(context->dict) <= kMostNames)
        return;
    static_cast<FirstLibxmlError*>(context->_private)
        ->set(static_cast<std::size_t>(context->input->line),
              "it has more than 100000 different names");
    context->wellFormed = 0;
    xmlStopParser(context);
}

void instruction(void* userData, const xmlChar* target, const xmlChar* data) {
    xmlSAX2ProcessingInstruction(userData, target, data);
    limitNames(static_cast<xmlParserCtxt*>(userData));
}

/// Builds the element, and sets its line to that of its "<"; libxml2 sets that of its ">".
void startElement(void* userData, const xmlChar* name, const xmlChar* prefix, const xmlChar* uri,
                  int namespaces, const xmlChar** namespaceList, int attributes, int defaulted,
                  const xmlChar** attributeList) {
    auto* context = static_cast<xmlParserCtxt*>(userData);
    xmlSAX2StartElementNs(userData, name, prefix, uri, namespaces, namespaceList, attributes,
                          defaulted, attributeList);
    if (!context->node || !context->input || context->disableSAX != 0)
        return;
    auto line = static_cast<std::size_t>(context->input->line);
    // A tag contains no "<", so the nearest one before this position begins the tag.
    for (const xmlChar* at = context->input->cur; at > context->input->base && at[-1] != '<'; --at)
        if (at[-1] == '\n')
            --line;
    setLine(context->node, line);
    limitNames(context);
}

/// A second check after checkDocument(): stops parsing at a DOCTYPE before it is read.
void refuseDoctype(void* userData, const xmlChar*, const xmlChar*, const xmlChar*) {
    auto* context = static_cast<xmlParserCtxt*>(userData);
    context->wellFormed = 0;
    xmlStopParser(context);
}

xmlParserInput* refuseEntity(void*, const xmlChar*, const xmlChar*) {
    return nullptr;
}

Context makeContext() {
    Context context(xmlNewParserCtxt());
    if (!context)
        return context;
    xmlSAXHandler* sax = context->sax;
    sax->startElementNs = startElement;
    sax->processingInstruction = instruction;
    sax->internalSubset = refuseDoctype;
    sax->externalSubset = refuseDoctype;
    sax->resolveEntity = refuseEntity;
    // Structured errors are set in the context, so nothing is printed and no global state changes.
    sax->serror = keepFirst;
    sax->error = nullptr;
    sax->fatalError = nullptr;
    sax->warning = nullptr;
    context->userData = context.get();
    return context;
}

} // namespace

Result<XmlDocument> parseSafely(std::string_view bytes, std::string_view name) {
    if (auto checked = xml::checkDocument(bytes, name); !checked)
        return std::unexpected(std::move(checked.error()));
    // A context would keep the names of earlier documents, and they would count towards the limit.
    xmlInitParser();
    const Context context = makeContext();
    if (!context)
        return std::unexpected(outOfMemory("parse", name));

    FirstLibxmlError first;
    context->_private = &first;
    XmlDocument document(xmlCtxtReadMemory(
        context.get(), bytes.data(), static_cast<int>(bytes.size()), nullptr, nullptr, kOptions));
    const bool sound = document && context->wellFormed != 0 && context->nsWellFormed != 0;
    if (sound)
        return document;
    if (first.isOutOfMemory() || (!first.made() && !document))
        return std::unexpected(outOfMemory("parse", name));
    return std::unexpected(Error{.kind = ErrorKind::input,
                                 .action = "parse",
                                 .subject = std::string(name),
                                 .line = first.line(),
                                 .errorNumber = 0,
                                 .reason = first.made() ? first.text() : "it is not well formed",
                                 .remedy = ""});
}

std::size_t lineOf(const xmlNode* node) {
    while (node && node->type != XML_ELEMENT_NODE)
        node = node->parent;
    return node ? node->line | (static_cast<std::size_t>(node->extra) << 16) : 0;
}

} // namespace hostcompat::validate
