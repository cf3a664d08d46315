// SPDX-License-Identifier: LGPL-2.1-or-later
// Asks the host once in each interval.
#include "driver/libvirt/module/answer.hpp"

#include "driver/answer/probe_host.hpp"
#include "driver/answer/record.hpp"
#include "driver/input/trusted_file.hpp"
#include "driver/libvirt/module/config.hpp"

#include <sys/utsname.h>

#include <string_view>

namespace hostcompat::libvirt::module {

namespace {

bool isPower() {
    utsname names{};
    return ::uname(&names) == 0 && std::string_view(names.machine).starts_with("ppc64");
}

Result<model::HostRecord> readRecord(const std::string& path) {
    const auto json = input::readTrusted(path);
    if (!json)
        return std::unexpected(json.error());
    return answer::parseRecord(*json, path);
}

Result<model::HostRecord> lookAtHost() {
    kvm::SystemKernel kernel;
    auto host = answer::probeHost(kernel);
    if (!host)
        return std::unexpected(std::move(host.error()));
    return std::move(host->record);
}

} // namespace

Answer findAnswer(const std::string& configPath, bool mayBeMissing) {
    Answer answer;
    const auto config = readConfig(configPath, mayBeMissing);
    if (!config) {
        answer.host.compat.reason = model::describe(config.error());
        return answer;
    }
    answer.recorded = !config->probe.empty();
    answer.compare = config->compare;
    answer.interval = config->interval;
    if (!answer.recorded && !isPower())
        return answer;
    auto record = answer.recorded ? readRecord(config->probe) : lookAtHost();
    if (!record) {
        answer.host.compat.reason = model::describe(record.error());
        return answer;
    }
    answer.host = std::move(*record);
    return answer;
}

std::shared_ptr<const Answer> AnswerKeeper::at(Clock::time_point now) {
    const std::lock_guard lock(mutex_);
    if (!answer_ || now >= end_) {
        answer_ = std::make_shared<const Answer>(find_());
        end_ = now + answer_->interval;
    }
    return answer_;
}

} // namespace hostcompat::libvirt::module
