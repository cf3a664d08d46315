// SPDX-License-Identifier: LGPL-2.1-or-later
// Computes a baseline from libvirt daemons.
#pragma once

#include "driver/libvirt/client.hpp"
#include "driver/policy/baseline.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hostcompat::libvirt {

/// The daemons to ask: URIs that were named, and then those of a list with one on each line.
struct DaemonUris {
    std::vector<std::string> named;
    /// The list's path, or "-" for standard input; nothing for none.
    std::optional<std::string> list;
};

/// Callbacks, in the order of the URIs.
struct ConnectListener {
    /// A daemon that could not be asked, or whose document cannot be read. It counts as unknown.
    std::function<void(const Error&)> unreachable;
    /// A host that does not say which modes it supports: its daemon runs without the module.
    std::function<void(std::string_view uri)> unknown;
};

/// How many were asked, and how many of them could not be.
struct ConnectCounts {
    std::uint64_t asked = 0;
    std::uint64_t unreachable = 0;
};

/// Asks every daemon for its capabilities, many at a time, each with its own timeout, and adds the
/// hosts to the baseline. A host's name is its URI. At most 1,024 documents are held at a time.
/// Errors: those of PathList for the list; kind system if libvirt cannot be used at all. The caller
/// must have one thread only.
Result<ConnectCounts> connectBaseline(const DaemonUris& uris, const ConnectOptions& options,
                                      policy::Baseline& baseline, const ConnectListener& listener);

} // namespace hostcompat::libvirt
