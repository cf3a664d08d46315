// SPDX-License-Identifier: LGPL-2.1-or-later
// Decides from a libvirt URI whether its host is this one.
#pragma once

#include <string>
#include <string_view>

namespace hostcompat::libvirt {

/// Where the host is that a connection's documents describe.
enum class UriPlace {
    thisHost,      ///< a hypervisor of this host, reached in the usual way
    privateSocket, ///< a UNIX socket that the URI names; what listens there may be forwarded
    elsewhere,     ///< another host, or a transport that usually leads to one
};

/// The parts of a URI that are needed: "SCHEME[+TRANSPORT]://[USER@][HOST][:PORT]/PATH[?QUERY]"
/// (libvirt docs/uri.rst).
struct ConnectionUri {
    /// The driver: "qemu", "test", "lxc"; empty if the text is no URI.
    std::string scheme;
    UriPlace place = UriPlace::elsewhere;
    /// "/system", "/session"; empty unless the place is one of this host's.
    std::string path = {};
};

/// Reads a URI as libvirt gives it (virConnectGetURI). Never fails: what cannot be understood is
/// elsewhere.
ConnectionUri readUri(std::string_view uri);

} // namespace hostcompat::libvirt
