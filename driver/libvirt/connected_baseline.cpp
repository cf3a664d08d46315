// SPDX-License-Identifier: LGPL-2.1-or-later
// Asks daemons in portions and keeps of each document only the modes.
#include "driver/libvirt/connected_baseline.hpp"

#include "driver/input/path_list.hpp"
#include "driver/xml/host_modes.hpp"

namespace hostcompat::libvirt {

namespace {

constexpr std::size_t kPortion = 1024;

/// What one daemon's document says: its modes, or nothing.
Result<std::optional<model::ModeSet>> modesOf(const Result<ConnectedHost>& host,
                                              const std::string& uri) {
    if (!host)
        return std::unexpected(host.error());
    auto documents = xml::readHostModes(host->capabilities, uri);
    if (!documents.front())
        return std::unexpected(std::move(documents.front().error()));
    return documents.front()->supported;
}

class ConnectRun {
public:
    ConnectRun(const ConnectOptions& options, policy::Baseline& baseline,
               const ConnectListener& listener)
        : options_(options), baseline_(baseline), listener_(listener) {}

    Result<void> add(std::string uri) {
        portion_.push_back(std::move(uri));
        return portion_.size() < kPortion ? Result<void>() : ask();
    }

    /// Asks those that were added since the last time.
    Result<void> ask() {
        const auto hosts = readCapabilitiesOf(portion_, options_);
        for (std::size_t index = 0; index < portion_.size(); ++index) {
            const std::string& uri = portion_[index];
            const auto modes = modesOf(hosts[index], uri);
            ++counts_.asked;
            if (modes && *modes) {
                baseline_.add(uri, **modes);
                continue;
            }
            if (!modes && modes.error().kind == ErrorKind::system)
                return std::unexpected(modes.error());
            baseline_.addUnknown(uri);
            if (modes) {
                listener_.unknown(uri);
            } else {
                ++counts_.unreachable;
                listener_.unreachable(modes.error());
            }
        }
        portion_.clear();
        return {};
    }

    const ConnectCounts& counts() const {
        return counts_;
    }

private:
    const ConnectOptions& options_;
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
