// SPDX-License-Identifier: LGPL-2.1-or-later
// Threads that read inputs, and the baseline that hears of them in order.
#include "driver/policy/baseline_stream.hpp"

#include "driver/input/ordered_work.hpp"
#include "driver/input/read_file.hpp"
#include "driver/xml/host_modes.hpp"

#include <fmt/format.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hostcompat::policy {

namespace {

/// An input, and afterwards what it said.
struct Item {
    Result<std::string> path;
    std::vector<Result<xml::HostModes>> hosts;
};

/// Counts what was read and tells the baseline and the listener of it.
class Reporter {
public:
    Reporter(Baseline& baseline, const StreamListener& listener)
        : baseline_(baseline), listener_(listener) {}

    const StreamCounts& counts() const {
        return counts_;
    }

    void report(const Item& item) {
        ++counts_.inputs;
        if (!item.path)
            fail(item.path.error());
        const std::string name = item.path ? input::inputName(*item.path) : "";
        for (const Result<xml::HostModes>& host : item.hosts) {
            if (!host)
                fail(host.error());
            else if (host->number == 0)
                add(name, *host);
            else
                add(fmt::format("{} (document {})", name, host->number), *host);
        }
        if (listener_.progress)
            listener_.progress(counts_);
    }

private:
    void fail(const Error& error) {
        ++counts_.failed;
        if (listener_.failed)
            listener_.failed(error);
    }

    void add(std::string_view name, const xml::HostModes& host) {
        if (host.supported)
            return baseline_.add(name, *host.supported);
        baseline_.addUnknown(name);
        if (listener_.unknown)
            listener_.unknown(name);
    }

    Baseline& baseline_;
    const StreamListener& listener_;
    StreamCounts counts_;
};

} // namespace

Result<StreamCounts> readBaseline(input::Inputs& inputs, unsigned jobs, Baseline& baseline,
                                  const StreamListener& listener) {
    const auto next = [&]() -> std::optional<Item> {
        auto input = inputs.next();
        if (!input)
            return std::nullopt;
        return Item{.path = std::move(*input), .hosts = {}};
    };
    const auto makeWorker = [] {
        return [reader = input::InputReader()](Item& item) mutable {
            if (!item.path)
                return;
            if (const auto bytes = reader.read(*item.path); !bytes)
                item.hosts.emplace_back(std::unexpected(bytes.error()));
            else
                item.hosts = xml::readHostModes(*bytes, input::inputName(*item.path));
        };
    };
    Reporter reporter(baseline, listener);
    if (auto done = input::workInOrder<Item>(jobs, next, makeWorker,
                                             [&](const Item& item) { reporter.report(item); });
        !done)
        return std::unexpected(std::move(done.error()));
    return reporter.counts();
}

} // namespace hostcompat::policy
