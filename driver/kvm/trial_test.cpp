// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests the trial: every measured host, every failing call, and kernels whose answers cannot be
// used.
#include "driver/kvm/fake_kernel.hpp"
#include "driver/kvm/probe.hpp"
#include "driver/kvm/trial.hpp"
#include "driver/kvm/uapi.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>
#include <vector>

namespace hostcompat::kvm {
namespace {

KvmAnswer ask(FakeKernel& kernel, const KvmQuestion& question = {}) {
    auto answer = askKvm(kernel, question);
    EXPECT_TRUE(answer.has_value()) << model::describe(answer.error());
    EXPECT_EQ(kernel.openDescriptors(), 0U);
    return answer.value_or(KvmAnswer{});
}

/// A released kernel without the capability.
FakeKernelSetup old(FakeKernelSetup setup) {
    setup.interface = FakeInterface::none;
    return setup;
}

struct Measured {
    const char* host;
    FakeKernelSetup setup;
    model::ModeSet taken; ///< of power8 to power11
    bool raw = true;
    bool hashed = false;
};

class MeasuredHost : public testing::TestWithParam<Measured> {};

// Measured with plain calls on real kernels under QEMU. 6.1 and 6.12 have neither check.
INSTANTIATE_TEST_SUITE_P(
    Hosts, MeasuredHost,
    testing::Values(Measured{"v1_power10_in_power9_mode_on_6_12",
                             {.level = 9, .checksLevel = false, .needsPapr = false},
                             {8, 9}},
                    Measured{"v2_power10_on_6_12",
                             {.nestedHv = 0,
                              .level = 10,
                              .checksLevel = false,
                              .grants = 3ULL << 61,
                              .needsPapr = false},
                             {9, 10, 11}},
                    Measured{"v2_power11_on_6_12",
                             {.nestedHv = 0,
                              .level = 11,
                              .checksLevel = false,
                              .grants = 7ULL << 60,
                              .needsPapr = false},
                             {9, 10, 11}},
                    Measured{"v2_power11_with_powervms_grant_on_6_12",
                             {.nestedHv = 0,
                              .level = 11,
                              .checksLevel = false,
                              .grants = 3ULL << 60,
                              .needsPapr = false},
                             {10, 11}},
                    Measured{"v2_power11_in_power10_mode_on_7_2",
                             {.nestedHv = 0, .level = 10, .grants = 3ULL << 61},
                             {9, 10}},
                    Measured{"v2_early_kernel_refuses_level_0",
                             {.nestedHv = 0, .level = 10, .grants = 3ULL << 61, .refusesRaw = true},
                             {9, 10},
                             false},
                    Measured{"powernv9", {.level = 9, .needsPapr = false}, {8, 9}},
                    Measured{"powernv10", {.mmuHashV3 = 1, .level = 10}, {8, 9, 10}, true, true},
                    Measured{
                        "without_a_name_for_power11",
                        {.level = 10, .newestLevel = 10, .checksLevel = false, .needsPapr = false},
                        {8, 9, 10}}),
    [](const auto& chosen) { return std::string(chosen.param.host); });

TEST_P(MeasuredHost, answersAsMeasured) {
    const Measured& measured = GetParam();
    FakeKernel kernel(old(measured.setup));
    const KvmAnswer answer = ask(kernel);
    ASSERT_EQ(answer.outcome, KvmOutcome::tried) << answer.call;
    ASSERT_TRUE(answer.trial.has_value());
    EXPECT_EQ(answer.trial->failure, "");
    EXPECT_EQ(answer.trial->control, "EINVAL");
    EXPECT_EQ(answer.trial->raw, measured.raw ? "ok" : "EINVAL");
    EXPECT_EQ(answer.trial->hashedPageTable, measured.hashed);
    for (const model::Mode& mode : model::modeTable())
        EXPECT_EQ(answer.trial->modes.at(mode.number),
                  measured.taken.contains(mode) ? "ok" : "EINVAL")
            << mode.name;
    const auto compat = compatFromTrial(*answer.trial);
    ASSERT_TRUE(compat.has_value());
    EXPECT_EQ(compat->source, "trial");
    EXPECT_EQ(compat->supported, measured.taken);
    EXPECT_EQ(compat->refused, model::allModes() - measured.taken);
    EXPECT_EQ(kernel.machinesMade(), 1U);
}

TEST(Trial, makesItsCallsInOrder) {
    FakeKernel kernel(old({}));
    ask(kernel);
    const auto& calls = kernel.calls();
    const auto machine = std::ranges::find(calls, "KVM_CREATE_VM");
    ASSERT_NE(machine, calls.end());
    std::vector<std::string> expected = {"KVM_CREATE_VM", "KVM_CREATE_VCPU", "KVM_ENABLE_CAP"};
    expected.insert(expected.end(), 2 + model::modeTable().size(), "KVM_SET_ONE_REG");
    EXPECT_EQ(std::vector<std::string>(machine, calls.end()), expected);
}

TEST(Trial, followsTheTable) {
    constexpr std::array power7{model::ProcessorVersion{0x003f0000, 0xffff0000}};
    constexpr std::array power12{model::ProcessorVersion{0x00830000, 0xffff0000}};
    std::vector<model::Mode> longer = {{7, "power7", "POWER7", power7, 0x0f000003, 0}};
    longer.insert(longer.end(), model::modeTable().begin(), model::modeTable().end());
    longer.push_back({12, "power12", "POWER12", power12, 0x0f000008, 1ULL << 59});
    FakeKernel kernel(old({.level = 12, .newestLevel = 12}));
    const KvmAnswer answer = ask(kernel, {.table = longer});
    const auto compat = compatFromTrial(answer.trial.value());
    ASSERT_TRUE(compat.has_value());
    EXPECT_EQ(compat->supported, (model::ModeSet{7, 8, 9, 10, 11, 12}));
}

model::Trial answersOf(const FakeKernelSetup& setup) {
    FakeKernel kernel(old(setup));
    return ask(kernel).trial.value();
}

TEST(Trial, believesNoKernelThatTakesTheControl) {
    model::Trial trial = answersOf({});
    trial.control = "ok";
    EXPECT_FALSE(compatFromTrial(trial).has_value());
    for (auto& [mode, answer] : trial.modes)
        answer = "ok";
    EXPECT_FALSE(compatFromTrial(trial).has_value());
}

TEST(Trial, believesNoKernelThatRefusesEverything) {
    model::Trial trial = answersOf({});
    for (auto& [mode, answer] : trial.modes)
        answer = "EINVAL";
    const auto none = compatFromTrial(trial);
    ASSERT_TRUE(none.has_value());
    EXPECT_TRUE(none->supported.empty());
    trial.raw = "EINVAL";
    EXPECT_FALSE(compatFromTrial(trial).has_value());
}

/// A call of the trial: its number in the run, and its name in messages.
struct Step {
    std::size_t number;
    std::string name;
};

std::vector<Step> steps(const KvmQuestion& question, const FakeKernelSetup& setup) {
    FakeKernel kernel(setup);
    ask(kernel, question);
    const auto& calls = kernel.calls();
    std::vector<Step> result;
    std::size_t first = calls.size();
    while (calls[first - 1] != "KVM_CHECK_EXTENSION 135")
        --first;
    result.push_back({first - 1, "KVM_CHECK_EXTENSION(135)"});
    result.push_back({first, "KVM_CREATE_VM"});
    result.push_back({first + 1, "KVM_CREATE_VCPU"});
    result.push_back({first + 2, "KVM_ENABLE_CAP(KVM_CAP_PPC_PAPR)"});
    std::vector<std::string> levels = {"0x0f0000ff", "0x00000000"};
    for (const char* level : {"0x0f000004", "0x0f000005", "0x0f000006", "0x0f000007"})
        levels.push_back(level);
    for (std::size_t index = 0; index < levels.size(); ++index)
        result.push_back(
            {first + 3 + index, "KVM_SET_ONE_REG(KVM_REG_PPC_ARCH_COMPAT, " + levels[index] + ")"});
    EXPECT_EQ(result.back().number, calls.size() - 1);
    return result;
}

TEST(FailingTrial, isAnErrorWhereTheSystemRanShort) {
    for (const Step& step : steps({}, old({}))) {
        for (const int errorNumber : {EMFILE, ENFILE, ENOMEM, ENOSPC, EAGAIN, EIO}) {
            FakeKernel kernel(old({}));
            kernel.failCall(step.number, errorNumber);
            const auto answer = askKvm(kernel);
            EXPECT_EQ(kernel.openDescriptors(), 0U);
            ASSERT_FALSE(answer.has_value()) << step.name;
            EXPECT_EQ(answer.error().kind, ErrorKind::system);
            EXPECT_EQ(answer.error().errorNumber, errorNumber);
            EXPECT_EQ(answer.error().action, "ask KVM: " + step.name + " on");
        }
    }
}

TEST(FailingTrial, namesTheCallOtherwise) {
    for (const Step& step : steps({}, old({}))) {
        const bool mayBeAnswer = step.name.starts_with("KVM_SET_ONE_REG");
        for (const int errorNumber : {EPERM, EBUSY, ENXIO, EFAULT, ENOTTY, EINVAL}) {
            if (mayBeAnswer && errorNumber == EINVAL)
                continue;
            FakeKernel kernel(old({}));
            kernel.failCall(step.number, errorNumber);
            const KvmAnswer answer = ask(kernel);
            EXPECT_EQ(answer.outcome, KvmOutcome::refused) << step.name;
            EXPECT_EQ(answer.call, step.name);
            EXPECT_EQ(answer.errorNumber, errorNumber);
            ASSERT_TRUE(answer.trial.has_value());
            EXPECT_EQ(answer.trial->failure, step.name + ": " + model::errorName(errorNumber));
        }
    }
}

TEST(FailingTrial, isRepeatedWhenInterrupted) {
    for (const Step& step : steps({}, old({}))) {
        FakeKernel kernel(old({}));
        kernel.failCall(step.number, EINTR);
        const KvmAnswer answer = ask(kernel);
        EXPECT_EQ(answer.outcome, KvmOutcome::tried) << step.name;
        EXPECT_EQ(*answer.trial, answersOf({}));
    }
}

TEST(FailingTrial, keepsWhatWasAnsweredBefore) {
    const auto all = steps({}, old({}));
    FakeKernel kernel(old({}));
    kernel.failCall(all.back().number, EPERM);
    const KvmAnswer answer = ask(kernel);
    EXPECT_EQ(answer.trial->modes.at(9), "ok");
    EXPECT_EQ(answer.trial->modes.at(11), "EPERM");
}

TEST(FailingTrial, doesNotTouchTheBitmap) {
    const KvmQuestion both{.alwaysTry = true};
    for (const Step& step : steps(both, {})) {
        FakeKernel kernel;
        kernel.failCall(step.number, EPERM);
        const KvmAnswer answer = ask(kernel, both);
        EXPECT_EQ(answer.outcome, KvmOutcome::answered) << step.name;
        EXPECT_EQ(answer.bitmap, 1ULL << 62);
        EXPECT_EQ(answer.trial->failure, step.name + ": EPERM");
        FakeKernel shortOf;
        shortOf.failCall(step.number, ENOMEM);
        EXPECT_FALSE(askKvm(shortOf, both).has_value());
        EXPECT_EQ(shortOf.openDescriptors(), 0U);
    }
}

} // namespace
} // namespace hostcompat::kvm
