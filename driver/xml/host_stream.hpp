// SPDX-License-Identifier: LGPL-2.1-or-later
// Reads the hosts of any number of inputs, on several threads and in bounded memory.
#pragma once

#include "driver/input/inputs.hpp"
#include "driver/xml/host_modes.hpp"

#include <cstdint>
#include <functional>
#include <string_view>

namespace hostcompat::xml {

/// The inputs read so far.
struct StreamCounts {
    std::uint64_t inputs = 0;
    /// Inputs and documents in them that could not be read.
    std::uint64_t failed = 0;
};

/// Callbacks, in the order of the inputs, and never from two threads at the same time. All must be
/// set.
struct StreamListener {
    /// A host, and its name in messages: its input, and which document of several in it.
    std::function<void(std::string_view name, const HostModes&)> host;
    std::function<void(const Error&)> failed;
    /// After every input.
    std::function<void(const StreamCounts&)> progress;
};

/// Reads what an input says of its hosts; as readHostModes(), which it stands instead of.
using HostReader =
    std::function<std::vector<Result<HostModes>>(std::string_view bytes, std::string_view name)>;

/// Reads every input to the end. Only a few inputs for each thread are held at a time. What the
/// listener hears does not depend on the number of threads.
///
/// @param reader called from several threads at once.
/// @param jobs threads, as for workInOrder(). What is wrong with an input goes to the listener.
/// Errors: that of workInOrder().
Result<StreamCounts> readHosts(input::Inputs& inputs, unsigned jobs, const StreamListener& listener,
                               const HostReader& reader = readHostModes);

} // namespace hostcompat::xml
