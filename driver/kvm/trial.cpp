// SPDX-License-Identifier: LGPL-2.1-or-later
// The system calls of the trial, and the meaning of its answers.
#include "driver/kvm/trial.hpp"

#include "driver/kvm/uapi.hpp"
#include "driver/model/error.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace hostcompat::kvm {

namespace {

std::optional<TrialFailure> enablePapr(Descriptor& vcpu) {
    kvm_enable_cap capability{};
    capability.cap = uapi::kCapPpcPapr;
    const int result = vcpu.ioctl(KVM_ENABLE_CAP, reinterpret_cast<std::uintptr_t>(&capability));
    if (result < 0)
        return TrialFailure{"KVM_ENABLE_CAP(KVM_CAP_PPC_PAPR)", -result};
    return std::nullopt;
}

/// Sets the level and records the answer.
std::optional<TrialFailure> tryLevel(Descriptor& vcpu, std::uint32_t level, std::string& answer) {
    kvm_one_reg request{};
    request.id = uapi::kRegPpcArchCompat;
    request.addr = reinterpret_cast<std::uintptr_t>(&level);
    const int result = vcpu.ioctl(KVM_SET_ONE_REG, reinterpret_cast<std::uintptr_t>(&request));
    answer = result < 0 ? model::errorName(-result) : std::string(model::Trial::kTaken);
    if (result < 0 && result != -EINVAL)
        return TrialFailure{
            fmt::format("KVM_SET_ONE_REG(KVM_REG_PPC_ARCH_COMPAT, 0x{:08x})", level), -result};
    return std::nullopt;
}

std::optional<TrialFailure> tryLevels(Descriptor& vcpu, model::ModeTable table,
                                      model::Trial& answers) {
    if (auto failure = enablePapr(vcpu))
        return failure;
    if (auto failure = tryLevel(vcpu, model::Trial::kControlLevel, answers.control))
        return failure;
    if (auto failure = tryLevel(vcpu, 0, answers.raw))
        return failure;
    for (const model::Mode& mode : table)
        if (auto failure = tryLevel(vcpu, mode.logicalPvr, answers.modes[mode.number]))
            return failure;
    return std::nullopt;
}

} // namespace

std::optional<TrialFailure> tryModes(Descriptor& device, model::ModeTable table,
                                     model::Trial& answers) {
    const int hashed = device.ioctl(KVM_CHECK_EXTENSION, uapi::kCapPpcMmuHashV3);
    if (hashed < 0)
        return TrialFailure{fmt::format("KVM_CHECK_EXTENSION({})", uapi::kCapPpcMmuHashV3),
                            -hashed};
    answers.hashedPageTable = hashed > 0;
    const int machineNumber = device.ioctl(KVM_CREATE_VM);
    if (machineNumber < 0)
        return TrialFailure{"KVM_CREATE_VM", -machineNumber};
    Descriptor machine(device.kernel(), machineNumber);
    const int vcpuNumber = machine.ioctl(KVM_CREATE_VCPU);
    if (vcpuNumber < 0)
        return TrialFailure{"KVM_CREATE_VCPU", -vcpuNumber};
    Descriptor vcpu(device.kernel(), vcpuNumber);
    return tryLevels(vcpu, table, answers);
}

std::optional<model::KnownCompat> compatFromTrial(const model::Trial& answers) {
    model::KnownCompat known{.source = "trial"};
    for (const auto& [number, answer] : answers.modes)
        (answer == model::Trial::kTaken ? known.supported : known.refused).insert(number);
    const bool tookNothing = known.supported.empty() && answers.raw != model::Trial::kTaken;
    if (answers.control == model::Trial::kTaken || tookNothing)
        return std::nullopt;
    return known;
}

} // namespace hostcompat::kvm
