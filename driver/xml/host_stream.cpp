// SPDX-License-Identifier: LGPL-2.1-or-later
// Threads that read inputs, and report them to the listener in order.
#include "driver/xml/host_stream.hpp"

#include "driver/input/ordered_work.hpp"
#include "driver/input/read_file.hpp"

#include <fmt/format.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace hostcompat::xml {

namespace {

/// An input, and later its result.
struct Item {
    Result<std::string> path;
    std::vector<Result<HostModes>> hosts;
};

void read(input::InputReader& files, const HostReader& reader, Item& item) {
    if (!item.path)
        return;
    if (const auto bytes = files.read(*item.path); !bytes)
        item.hosts.emplace_back(std::unexpected(bytes.error()));
    else
        item.hosts = reader(*bytes, input::inputName(*item.path));
}

void tell(const Item& item, StreamCounts& counts, const StreamListener& listener) {
    const auto fail = [&](const Error& error) {
        ++counts.failed;
        listener.failed(error);
    };
    ++counts.inputs;
    if (!item.path)
        fail(item.path.error());
    const std::string name = item.path ? input::inputName(*item.path) : "";
    for (const Result<HostModes>& host : item.hosts) {
        if (!host)
            fail(host.error());
        else if (host->number == 0)
            listener.host(name, *host);
        else
            listener.host(fmt::format("{} (document {})", name, host->number), *host);
    }
    listener.progress(counts);
}

} // namespace

Result<StreamCounts> readHosts(input::Inputs& inputs, unsigned jobs, const StreamListener& listener,
                               const HostReader& reader) {
    const auto next = [&]() -> std::optional<Item> {
        auto input = inputs.next();
        if (!input)
            return std::nullopt;
        return Item{.path = std::move(*input), .hosts = {}};
    };
    const auto makeWorker = [&] {
        return [files = input::InputReader(), &reader](Item& item) mutable {
            read(files, reader, item);
        };
    };
    StreamCounts counts;
    const auto done = input::workInOrder<Item>(
        jobs, next, makeWorker, [&](const Item& item) { tell(item, counts, listener); });
    if (!done)
        return std::unexpected(done.error());
    return counts;
}

} // namespace hostcompat::xml
