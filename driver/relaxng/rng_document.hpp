// SPDX-License-Identifier: LGPL-2.1-or-later
// A grammar's text as a small tree of RELAX NG elements, with what is inherited filled in.
#pragma once

#include <cstdint>
#include <deque>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hostcompat::relaxng {

/// RELAX NG's elements (RELAX NG specification, section 3).
enum class RngKind : std::uint8_t {
    element,
    attribute,
    group,
    interleave,
    choice,
    optional,
    zeroOrMore,
    oneOrMore,
    list,
    mixed,
    ref,
    parentRef,
    empty,
    value,
    data,
    param,
    notAllowed,
    externalRef,
    grammar,
    div,
    include,
    start,
    define,
    anyName,
    nsName,
    name,
    text,
    except,
};

/// One element of a grammar. Views live as long as the RngDocument.
struct RngNode {
    static constexpr std::uint32_t none = 0xffffffff;

    RngKind kind = RngKind::empty;
    std::optional<std::string_view> name;    ///< attribute name
    std::optional<std::string_view> type;    ///< attribute type
    std::optional<std::string_view> combine; ///< attribute combine
    std::optional<std::string_view> href;    ///< attribute href
    std::string_view ns;                     ///< own or inherited attribute ns
    bool hasNs = false;                      ///< attribute ns stands here
    std::string_view datatypeLibrary;        ///< own or inherited
    std::string_view text;                   ///< text content, references resolved
    std::uint32_t firstChild = none;
    std::uint32_t nextSibling = none;
};

/// The nodes of one file; node 0 is the root.
struct RngDocument {
    std::string source;
    std::vector<RngNode> nodes;
    std::deque<std::string> resolved; ///< texts that had references
};

/// Reads a grammar's text. The error says, in a few words, what is not supported.
std::expected<std::unique_ptr<RngDocument>, std::string> readRng(std::string source);

} // namespace hostcompat::relaxng
