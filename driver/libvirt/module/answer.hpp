// SPDX-License-Identifier: LGPL-2.1-or-later
// The host's answer, which the module caches and shares between all threads of the daemon.
#pragma once

#include "driver/model/host_compat.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

namespace hostcompat::libvirt::module {

/// The answer and the settings for one interval.
struct Answer {
    /// The host, with its modes or why they are not known, for the log. Neither is there for a
    /// host that is not POWER: there is nothing to say about it.
    model::HostRecord host;
    /// Whether a record replaces this host; then its modes go into every local document.
    bool recorded = false;
    /// Whether CPU comparisons are wrapped.
    bool compare = false;
    /// How long it may be used.
    std::chrono::seconds interval{60};
};

/// Reads the configuration, and asks the host or reads the record that replaces it. Never fails; an
/// error becomes the answer's reason.
/// @param configPath the configuration. @param mayBeMissing whether the file may be missing.
Answer findAnswer(const std::string& configPath, bool mayBeMissing);

/// Keeps an answer for its interval. All methods may be called from any thread.
class AnswerKeeper {
public:
    using Clock = std::chrono::steady_clock;

    /// @param find gives a new answer; called by one thread at a time, never within an interval.
    explicit AnswerKeeper(std::function<Answer()> find) : find_(std::move(find)) {}

    /// The answer that holds now. The others wait while one thread finds a new one (milliseconds).
    std::shared_ptr<const Answer> at(Clock::time_point now);

private:
    std::function<Answer()> find_;
    std::mutex mutex_;
    std::shared_ptr<const Answer> answer_;
    Clock::time_point end_;
};

} // namespace hostcompat::libvirt::module
