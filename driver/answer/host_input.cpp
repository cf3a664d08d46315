// SPDX-License-Identifier: LGPL-2.1-or-later
// Decides whether an input is a record or a document, and reads it.
#include "driver/answer/host_input.hpp"

#include "driver/answer/record.hpp"

#include <algorithm>

namespace hostcompat::answer {

std::vector<Result<xml::HostModes>> readHostModes(std::string_view bytes, std::string_view name) {
    if (!isRecord(bytes))
        return xml::readHostModes(bytes, name);
    std::vector<Result<xml::HostModes>> hosts;
    const auto parts = splitRecords(bytes);
    for (const std::string_view part : parts) {
        auto record = parseRecord(part, name);
        if (!record) {
            Error& error = record.error();
            if (error.line != 0)
                error.line += static_cast<std::size_t>(std::count(bytes.data(), part.data(), '\n'));
            hosts.emplace_back(std::unexpected(std::move(error)));
            continue;
        }
        xml::HostModes modes{.number = parts.size() > 1 ? hosts.size() + 1 : 0};
        if (const auto& known = record->compat.known) {
            modes.supported = known->supported;
            modes.refused = known->refused;
            modes.doubtful = !model::isBelieved(known->source);
        } else {
            modes.reason = record->compat.reason;
        }
        hosts.emplace_back(std::move(modes));
    }
    return hosts;
}

} // namespace hostcompat::answer
