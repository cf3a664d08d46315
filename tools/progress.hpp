// SPDX-License-Identifier: LGPL-2.1-or-later
// A line on the terminal that tells how far a long run has come.
#pragma once

#include <chrono>
#include <cstdint>

namespace hostcompat::tools {

/// Shows a count on standard error where that is a terminal, a few times a second at most.
class Progress {
public:
    explicit Progress(bool wanted);

    void show(std::uint64_t inputs);
    /// Takes the line away, so that another can be written there.
    void clear();

private:
    bool wanted_;
    bool shown_ = false;
    std::chrono::steady_clock::time_point next_;
};

} // namespace hostcompat::tools
