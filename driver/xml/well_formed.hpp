// SPDX-License-Identifier: LGPL-2.1-or-later
// Decides whether bytes are a document that every XML parser can safely parse. Every document is
// checked here before libxml2 or pugixml parses it, because libxml2 2.9 continues after an error
// and compares the attributes of an element pair by pair, and pugixml accepts documents that are
// not XML. The cost is one pass, linear in the bytes, with no allocation that grows with them.
#pragma once

#include "driver/model/error.hpp"

#include <cstddef>
#include <string_view>

namespace hostcompat::xml {

/// Elements may be nested this deep; capabilities documents are seven deep.
inline constexpr std::size_t kMaximumDepth = 256;
/// Attributes, namespace declarations included, that one element may have.
inline constexpr std::size_t kMaximumAttributes = 256;
/// Namespace declarations that may be in force at one place: readers search them for every name.
inline constexpr std::size_t kMaximumNamespaces = 64;
/// Elements, attributes, comments, CDATA sections and instructions of a document; libxml2's tree
/// takes up to 250 bytes for each. A capabilities document of 64 MiB has about four million.
inline constexpr std::size_t kMaximumNodes = 5'000'000;

/// Checks that a document is well formed XML 1.0 with namespaces, in UTF-8 (a byte order mark is
/// allowed), without a DOCTYPE, and within the limits above and kMaximumInputBytes.
///
/// @param bytes the document.
/// @param name its name in messages.
/// @return nothing, or the first thing that is wrong: kind input, action "parse", subject name, the
/// line of
///         the construct that is wrong (0 if the document as a whole is) and the reason.
Result<void> checkDocument(std::string_view bytes, std::string_view name);

} // namespace hostcompat::xml
