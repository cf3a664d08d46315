// SPDX-License-Identifier: LGPL-2.1-or-later
// A line on the terminal that shows the progress of a long run.
#pragma once

#include <chrono>
#include <cstdint>

namespace hostcompat::tools {

/// Shows a count on standard error, if that is a terminal, at most a few times a second.
class Progress {
public:
    explicit Progress(bool wanted);

    void show(std::uint64_t inputs);
    /// Clears the line, so that another can be written.
    void clear();

private:
    bool wanted_;
    bool shown_ = false;
    std::chrono::steady_clock::time_point next_;
};

} // namespace hostcompat::tools
