// SPDX-License-Identifier: LGPL-2.1-or-later
// Parses untrusted XML into a libxml2 tree: no network, no files, no entities, no DOCTYPE.
#pragma once

#include "driver/model/error.hpp"

#include <libxml/parser.h>
#include <libxml/tree.h>

#include <cstddef>
#include <memory>
#include <string_view>

namespace hostcompat::validate {

/// Frees a libxml2 document.
struct XmlDocumentDeleter {
    void operator()(xmlDoc* document) const {
        xmlFreeDoc(document);
    }
};

/// A libxml2 document that is owned.
using XmlDocument = std::unique_ptr<xmlDoc, XmlDocumentDeleter>;

/// The line of an element's start tag ("<"), counted from 1, right in documents of any length; for
/// a comment, text, processing instruction or attribute that of the element around it. Only for
/// nodes that parseSafely() made; 0 for null.
std::size_t lineOf(const xmlNode* node);

/// Parses a document.
///
/// @param bytes the document; read only during the call.
/// @param name its name in messages: a path, or "standard input".
/// @return the tree (text nodes are for reading only). Errors, all with kind input, action "parse"
/// and subject name: each refusal of checkDocument() in well_formed.hpp, and whatever else libxml2
/// objects to, with the line; kind system if memory ran out.
Result<XmlDocument> parseSafely(std::string_view bytes, std::string_view name);

} // namespace hostcompat::validate
