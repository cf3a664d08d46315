// SPDX-License-Identifier: LGPL-2.1-or-later
// Reads from documents only what a baseline needs of each host, quickly.
#pragma once

#include "driver/model/error.hpp"
#include "driver/model/mode.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hostcompat::xml {

/// The modes in one host document.
struct HostModes {
    /// Counted from 1 within its input; 0 if the input holds only this document.
    std::size_t number = 0;
    /// Why it does not say which modes it supports; empty if it says so, and where the document
    /// merely has no <compat>.
    std::string reason;
    /// The modes that it calls supported; nothing if the document has no <compat>, or is of a host
    /// of another architecture.
    std::optional<model::ModeSet> supported;
    /// The modes that it calls not supported. One in neither set is unknown.
    model::ModeSet refused;
    /// Whether its source is not believed (model::isBelieved()), so that only "no" counts.
    bool doubtful = false;

    /// The modes that it may have called supported where its source is not believed. None of the
    /// versions that wrote such documents named a mode of the hashed page table.
    model::ModeSet doubted() const {
        return doubtful ? model::allModes() - model::modesUpTo(model::kFirstRadixMode - 1) - refused
                        : model::ModeSet();
    }
};

/// Reads what an input says of its hosts.
///
/// An input holds one document, or several one after another: libvirt's <capabilities>, or its host
/// <cpu> alone, as 'virsh cpu-baseline' takes them. XML declarations, comments and white space may
/// stand between them.
///
/// Documents of the strict subset in driver/xml/scanner.hpp take one pass and no memory; others are
/// read by CapabilitiesDocument, with the same result.
///
/// @param bytes the input, followed by a NUL byte that may be read. @param name its name in
/// messages.
/// @return an entry for each document, in order: what it says, or an Error of kind input with the
/// line in the input (those of CapabilitiesDocument::read() and compat()). Never empty.
std::vector<Result<HostModes>> readHostModes(std::string_view bytes, std::string_view name);

} // namespace hostcompat::xml
