// SPDX-License-Identifier: LGPL-2.1-or-later
// Writes and clears the progress line.
#include "tools/progress.hpp"

#include "driver/input/descriptor.hpp"

#include <fmt/format.h>

#include <unistd.h>

namespace hostcompat::tools {

namespace {

using Clock = std::chrono::steady_clock;

// Short runs show nothing, and the terminal does not slow down long runs.
constexpr std::chrono::milliseconds kFirst(500);
constexpr std::chrono::milliseconds kInterval(200);

} // namespace

Progress::Progress(bool wanted)
    : wanted_(wanted && ::isatty(STDERR_FILENO) == 1), next_(Clock::now() + kFirst) {}

void Progress::show(std::uint64_t inputs) {
    if (!wanted_ || Clock::now() < next_)
        return;
    input::writeWhole(STDERR_FILENO, fmt::format("\r{} inputs read\x1b[K", inputs));
    shown_ = true;
    next_ = Clock::now() + kInterval;
}

void Progress::clear() {
    if (!shown_)
        return;
    input::writeWhole(STDERR_FILENO, "\r\x1b[K");
    shown_ = false;
}

} // namespace hostcompat::tools
