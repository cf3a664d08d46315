// SPDX-License-Identifier: LGPL-2.1-or-later
// Replaces client.cpp in a build without libvirt's headers.
#include "driver/libvirt/client.hpp"

namespace hostcompat::libvirt {

std::vector<Result<ConnectedHost>> askDaemons(std::span<const std::string> uris,
                                              const ConnectOptions&) {
    return {uris.size(), std::unexpected(Error{
                             .kind = ErrorKind::system,
                             .action = "connect to libvirt",
                             .reason = "this program was built without libvirt",
                             .remedy = "build it with -Dlibvirt=enabled, or give it the output of "
                                       "'virsh capabilities'"})};
}

} // namespace hostcompat::libvirt
