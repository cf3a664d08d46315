// SPDX-License-Identifier: LGPL-2.1-or-later
// Parses the parts of a URI that tell which host it means.
#include "driver/libvirt/uri.hpp"

#include <algorithm>

namespace hostcompat::libvirt {

namespace {

bool namesSocket(std::string_view query) {
    while (!query.empty()) {
        const std::string_view parameter = query.substr(0, query.find('&'));
        query.remove_prefix(std::min(query.size(), parameter.size() + 1));
        if (parameter == "socket" || parameter.starts_with("socket="))
            return true;
    }
    return false;
}

} // namespace

ConnectionUri readUri(std::string_view uri) {
    const auto colon = uri.find(':');
    if (colon == std::string_view::npos)
        return {};
    std::string_view scheme = uri.substr(0, colon);
    std::string_view transport;
    if (const auto plus = scheme.find('+'); plus != std::string_view::npos) {
        transport = scheme.substr(plus + 1);
        scheme = scheme.substr(0, plus);
    }
    ConnectionUri result{.scheme = std::string(scheme)};

    std::string_view rest = uri.substr(colon + 1);
    std::string_view query;
    if (const auto mark = rest.find('?'); mark != std::string_view::npos) {
        query = rest.substr(mark + 1);
        query = query.substr(0, query.find('#'));
        rest = rest.substr(0, mark);
    }
    if (!rest.starts_with('/') || (!transport.empty() && transport != "unix"))
        return result;
    if (rest.starts_with("//")) {
        const std::string_view authority = rest.substr(2, rest.find('/', 2) - 2);
        if (!authority.empty())
            return result;
        rest.remove_prefix(std::min(rest.find('/', 2), rest.size()));
    }
    result.path = rest.substr(0, rest.find('#'));
    result.place = namesSocket(query) ? UriPlace::privateSocket : UriPlace::thisHost;
    return result;
}

} // namespace hostcompat::libvirt
