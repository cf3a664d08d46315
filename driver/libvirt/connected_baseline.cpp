// SPDX-License-Identifier: LGPL-2.1-or-later
// Asks daemons in batches. The process for each connection returns only the modes of the document.
#include "driver/libvirt/connected_baseline.hpp"

#include "driver/input/path_list.hpp"
#include "driver/xml/host_modes.hpp"

namespace hostcompat::libvirt {

namespace {

constexpr std::size_t kPortion = 1024;

/// The modes in one daemon's document, encoded in the process of its connection: nothing, or a
/// marker and the numbers of the modes, each in one byte.
Result<std::string> modesIn(const ConnectedHost& host) {
    auto documents = xml::readHostModes(host.capabilities, host.uri);
    if (!documents.front())
        return std::unexpected(std::move(documents.front().error()));
    const auto& modes = documents.front()->supported;
    if (!modes)
        return std::string();
    std::string text = "+";
    for (const unsigned number : modes->numbers())
        text += static_cast<char>(number);
    return text;
}

/// The set that modesIn() encoded, or nothing.
std::optional<model::ModeSet> modesOf(std::string_view text) {
    if (!text.starts_with('+'))
        return std::nullopt;
    model::ModeSet modes;
    for (const char byte : text.substr(1))
        modes.insert(static_cast<unsigned char>(byte));
    return modes;
}

class ConnectRun {
public:
    ConnectRun(const ConnectOptions& options, policy::Baseline& baseline,
               const ConnectListener& listener)
        : options_(options), baseline_(baseline), listener_(listener) {
        options_.reduce = modesIn;
    }

    Result<void> add(std::string uri) {
        portion_.push_back(std::move(uri));
        return portion_.size() < kPortion ? Result<void>() : ask();
    }

    /// Asks the daemons that were added since the last call.
    Result<void> ask() {
        const auto hosts = askDaemons(portion_, options_);
        for (std::size_t index = 0; index < portion_.size(); ++index) {
            const std::string& uri = portion_[index];
            const auto& host = hosts[index];
            ++counts_.asked;
            if (!host && host.error().kind == ErrorKind::system)
                return std::unexpected(host.error());
            const auto modes = host ? modesOf(host->capabilities) : std::nullopt;
            if (modes) {
                baseline_.add(uri, *modes);
                continue;
            }
            baseline_.addUnknown(uri);
            if (host) {
                listener_.unknown(uri);
            } else {
                ++counts_.unreachable;
                listener_.unreachable(host.error());
            }
        }
        portion_.clear();
        return {};
    }

    const ConnectCounts& counts() const {
        return counts_;
    }

private:
    ConnectOptions options_;
    policy::Baseline& baseline_;
    const ConnectListener& listener_;
    std::vector<std::string> portion_;
    ConnectCounts counts_;
};

} // namespace

Result<ConnectCounts> connectBaseline(const DaemonUris& uris, const ConnectOptions& options,
                                      policy::Baseline& baseline, const ConnectListener& listener) {
    ConnectRun run(options, baseline, listener);
    for (const std::string& uri : uris.named)
        if (auto added = run.add(uri); !added)
            return std::unexpected(std::move(added.error()));
    if (uris.list) {
        input::PathList list(*uris.list);
        while (auto uri = list.next()) {
            if (!*uri)
                return std::unexpected(std::move(uri->error()));
            if (auto added = run.add(std::move(**uri)); !added)
                return std::unexpected(std::move(added.error()));
        }
    }
    if (auto asked = run.ask(); !asked)
        return std::unexpected(std::move(asked.error()));
    return run.counts();
}

} // namespace hostcompat::libvirt
