// SPDX-License-Identifier: LGPL-2.1-or-later
// A checked document, as bytes and as a tree with the position of each element in the bytes.
#pragma once

#include "driver/model/error.hpp"

#include <pugixml.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace hostcompat::xml {

/// The position of an element: offsets in bytes from the document's start.
struct ElementSpan {
    std::size_t begin = 0;        ///< of the '<' of its start tag
    std::size_t contentBegin = 0; ///< after the '>' of its start tag
    std::size_t contentEnd = 0;   ///< of the '<' of its end tag
    std::size_t end = 0;          ///< after the '>' of its end tag
    bool selfClosing = false;     ///< "<a/>": content is empty and stands at the end
};

/// A document's bytes and tree. Owns both; nodes and views are valid as long as it lives.
class Document {
public:
    /// Takes the bytes if they are a document: UTF-8, well formed, without a DOCTYPE, and within
    /// the limits of well_formed.hpp. Errors: those of checkDocument().
    static Result<Document> read(std::string bytes, std::string name);

    const std::string& bytes() const {
        return *bytes_;
    }
    const std::string& name() const {
        return name_;
    }
    pugi::xml_node root() const {
        return tree_->document_element();
    }

    /// The position of the element.
    ElementSpan spanOf(pugi::xml_node element) const;
    /// The line of the element's start tag, counted from 1.
    std::size_t lineOf(pugi::xml_node element) const;
    /// An error of kind input at the element.
    Error errorAt(pugi::xml_node element, std::string action, std::string reason) const;

private:
    Document() = default;

    // Behind pointers so that moving a document moves no byte of it.
    std::unique_ptr<std::string> bytes_;
    std::unique_ptr<pugi::xml_document> tree_;
    std::string name_;
};

/// Whether a node is the element of that name in no namespace.
bool isElement(pugi::xml_node node, std::string_view name);

/// The only child element of that name in no namespace, or an empty node where there is none.
/// Errors: kind input at the second one where there are several; they would leave open which is
/// meant.
Result<pugi::xml_node> onlyChild(const Document& document, pugi::xml_node parent,
                                 std::string_view name);

/// The element's text without white space at its ends.
std::string textOf(pugi::xml_node element);

} // namespace hostcompat::xml
