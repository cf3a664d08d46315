// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests asking KVM: every measured answer, every generation, and every call failing.
#include "driver/kvm/abi.hpp"
#include "driver/kvm/fake_kernel.hpp"
#include "driver/kvm/probe.hpp"
#include "driver/kvm/uapi.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <string>
#include <vector>

namespace hostcompat::kvm {
namespace {

KvmAnswer ask(FakeKernel& kernel) {
    auto answer = askKvm(kernel);
    EXPECT_TRUE(answer.has_value()) << model::describe(answer.error());
    EXPECT_EQ(kernel.openDescriptors(), 0U);
    return answer.value_or(KvmAnswer{});
}

struct Bitmap {
    const char* host;
    std::uint64_t bits;
};

class MeasuredBitmap : public testing::TestWithParam<Bitmap> {};

TEST_P(MeasuredBitmap, isHandedOn) {
    FakeKernel kernel({.bitmap = GetParam().bits});
    const KvmAnswer answer = ask(kernel);
    EXPECT_EQ(answer.outcome, KvmOutcome::answered);
    EXPECT_EQ(answer.bitmap, GetParam().bits);
    EXPECT_EQ(answer.abi, "merged");
    EXPECT_EQ(kernel.machinesMade(), 1U);
}

INSTANTIATE_TEST_SUITE_P(Hosts, MeasuredBitmap,
                         testing::Values(Bitmap{"power10", 0x6000000000000000},
                                         Bitmap{"power9", 0x4000000000000000},
                                         Bitmap{"power11", 0x7000000000000000},
                                         Bitmap{"not_cumulative", 0x2000000000000000},
                                         Bitmap{"nothing", 0},
                                         Bitmap{"newer_than_the_table", 0x7800000000000001}),
                         [](const auto& chosen) { return std::string(chosen.param.host); });

TEST(AskKvm, opensForReadingAndWritingAndNotForChildren) {
    FakeKernel kernel;
    ask(kernel);
    EXPECT_EQ(kernel.openFlags(), O_RDWR | O_CLOEXEC);
    EXPECT_EQ(kernel.calls().front(), "open /dev/kvm");
}

TEST(AskKvm, asksTheDeviceBeforeItMakesAMachine) {
    FakeKernel kernel;
    ask(kernel);
    const auto& calls = kernel.calls();
    ASSERT_GE(calls.size(), 4U);
    EXPECT_EQ(calls[1], "KVM_GET_API_VERSION");
    EXPECT_EQ(calls[2], "KVM_CHECK_EXTENSION 250");
    EXPECT_EQ(calls[3], "KVM_CREATE_VM");
}

TEST(AskKvm, triesEachModeWhereTheKernelDoesNotKnowTheCapability) {
    for (const FakeKernelSetup& setup : {FakeKernelSetup{.interface = FakeInterface::none},
                                         FakeKernelSetup{.offersCapability = false}}) {
        FakeKernel kernel(setup);
        const KvmAnswer answer = ask(kernel);
        EXPECT_EQ(answer.outcome, KvmOutcome::tried);
        EXPECT_TRUE(answer.trial.has_value());
        EXPECT_EQ(kernel.machinesMade(), 1U);
    }
}

TEST(AskKvm, triesNothingWhereTheKernelGivesABitmapAndNobodyWantsIt) {
    FakeKernel kernel;
    EXPECT_FALSE(ask(kernel).trial.has_value());
    EXPECT_EQ(kernel.machinesMade(), 1U);
    for (const std::string& call : kernel.calls())
        EXPECT_NE(call, "KVM_CREATE_VCPU");
}

TEST(AskKvm, saysWhichNestedApiThereIs) {
    for (const int nested : {0, 1}) {
        FakeKernel kernel({.nestedHv = nested});
        EXPECT_EQ(ask(kernel).nestedHv, nested == 1);
    }
    FakeKernel withoutHv({.offersCapability = false, .hasHv = false});
    EXPECT_EQ(ask(withoutHv).nestedHv, std::nullopt);
}

TEST(AskKvm, seesThatThereIsNoHv) {
    FakeKernel kernel({.offersCapability = false, .hasHv = false});
    EXPECT_EQ(ask(kernel).outcome, KvmOutcome::noHv);
    EXPECT_EQ(kernel.machinesMade(), 0U);
}

struct Generation {
    FakeInterface interface;
    const char* abi;
};

class EachGeneration : public testing::TestWithParam<Generation> {};

TEST_P(EachGeneration, isUnderstood) {
    FakeKernel kernel({.interface = GetParam().interface, .bitmap = 0x6000000000000000});
    const KvmAnswer answer = ask(kernel);
    EXPECT_EQ(answer.outcome, KvmOutcome::answered);
    EXPECT_EQ(answer.bitmap, 0x6000000000000000U);
    EXPECT_EQ(answer.abi, GetParam().abi);
    EXPECT_EQ(answer.call, "");
    EXPECT_EQ(answer.errorNumber, 0);
}

INSTANTIATE_TEST_SUITE_P(Generations, EachGeneration,
                         testing::Values(Generation{FakeInterface::merged, "merged"},
                                         Generation{FakeInterface::v5, "v5"},
                                         Generation{FakeInterface::v4Agreed, "v4-agreed"},
                                         Generation{FakeInterface::v4Posted, "v4-posted"}));

TEST(EachGeneration, isTriedInTheTablesOrderOnly) {
    FakeKernel kernel({.interface = FakeInterface::merged});
    ask(kernel);
    for (const auto& call : kernel.calls())
        EXPECT_NE(call, "KVM_CHECK_EXTENSION 249");
    EXPECT_EQ(kvmAbiTable().front().name, "merged");
}

TEST(AskKvm, usesALargerStructOfANewerKernel) {
    FakeKernel kernel({.bitmap = 0x7000000000000000, .structSize = 40});
    const KvmAnswer answer = ask(kernel);
    EXPECT_EQ(answer.outcome, KvmOutcome::answered);
    EXPECT_EQ(answer.bitmap, 0x7000000000000000U);
}

TEST(AskKvm, doesNotUseABitmapThatTheKernelDidNotFill) {
    FakeKernel kernel({.structSize = 16});
    const KvmAnswer answer = ask(kernel);
    EXPECT_EQ(answer.outcome, KvmOutcome::refused);
    EXPECT_EQ(answer.detail, "the kernel filled 16 bytes, which end before the bitmap");
}

/// A kernel that requires a struct size of its own and reports it with E2BIG a given number of
/// times.
class ChoosyKernel final : public Kernel {
public:
    ChoosyKernel(std::uint64_t wanted, int refusals) : wanted_(wanted), refusals_(refusals) {}
    int open(const char* path, int flags) override {
        return inner_.open(path, flags);
    }
    int ioctl(int descriptor, unsigned long request, std::uintptr_t argument) override {
        if (request != uapi::kPpcGetCompatCaps)
            return inner_.ioctl(descriptor, request, argument);
        auto* words = reinterpret_cast<std::uint64_t*>(argument);
        sizes.push_back(words[0]);
        if (refusals_-- > 0) {
            words[0] = wanted_;
            return -E2BIG;
        }
        words[2] = 0x6000000000000000;
        return 0;
    }
    void close(int descriptor) override {
        inner_.close(descriptor);
    }
    std::vector<std::uint64_t> sizes;

private:
    FakeKernel inner_;
    std::uint64_t wanted_;
    int refusals_;
};

TEST(AskKvm, repeatsOnceWithTheKernelsSize) {
    ChoosyKernel kernel(33, 1);
    const auto answer = askKvm(kernel);
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(answer->outcome, KvmOutcome::answered);
    EXPECT_EQ(answer->bitmap, 0x6000000000000000U);
    EXPECT_EQ(kernel.sizes, (std::vector<std::uint64_t>{24, 33}));
}

TEST(AskKvm, givesUpAfterTheSecondE2Big) {
    ChoosyKernel kernel(32, 2);
    const auto answer = askKvm(kernel);
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(answer->outcome, KvmOutcome::refused);
    EXPECT_EQ(answer->errorNumber, E2BIG);
    EXPECT_EQ(kernel.sizes.size(), 2U);
}

TEST(AskKvm, refusesASizeThatCannotHoldTheBitmap) {
    for (const std::uint64_t size : {std::uint64_t{8}, std::uint64_t{0}, ~std::uint64_t{0}}) {
        ChoosyKernel kernel(size, 1);
        const auto answer = askKvm(kernel);
        ASSERT_TRUE(answer.has_value());
        EXPECT_EQ(answer->outcome, KvmOutcome::refused);
        EXPECT_NE(answer->detail.find(std::to_string(size)), std::string::npos);
        EXPECT_EQ(kernel.sizes.size(), 1U);
    }
}

TEST(AskKvm, refusesAnotherApiVersion) {
    FakeKernel kernel({.apiVersion = 11});
    const KvmAnswer answer = ask(kernel);
    EXPECT_EQ(answer.outcome, KvmOutcome::refused);
    EXPECT_EQ(answer.call, "KVM_GET_API_VERSION");
    EXPECT_EQ(answer.detail, "the API version is 11, not 12");
    EXPECT_EQ(kernel.calls().size(), 2U);
}

struct Unopened {
    int errorNumber;
    KvmOutcome outcome;
};

class CannotOpen : public testing::TestWithParam<Unopened> {};

TEST_P(CannotOpen, isAnOutcome) {
    FakeKernel kernel({.openError = GetParam().errorNumber});
    const KvmAnswer answer = ask(kernel);
    EXPECT_EQ(answer.outcome, GetParam().outcome);
    EXPECT_EQ(answer.call, "open");
    EXPECT_EQ(answer.errorNumber, GetParam().errorNumber);
    EXPECT_EQ(answer.device, "/dev/kvm");
}

INSTANTIATE_TEST_SUITE_P(Errnos, CannotOpen,
                         testing::Values(Unopened{ENOENT, KvmOutcome::noDevice},
                                         Unopened{ENOTDIR, KvmOutcome::noDevice},
                                         Unopened{EACCES, KvmOutcome::noPermission},
                                         Unopened{EPERM, KvmOutcome::noPermission},
                                         Unopened{ENODEV, KvmOutcome::noModule},
                                         Unopened{ENXIO, KvmOutcome::noModule},
                                         Unopened{EBUSY, KvmOutcome::refused}));

/// Each call of a complete run fails with each errno in turn.
class FailingCall : public testing::TestWithParam<FakeInterface> {
protected:
    std::size_t callsOfAFullConversation() const {
        FakeKernel kernel({.interface = GetParam()});
        EXPECT_TRUE(askKvm(kernel).has_value());
        return kernel.calls().size();
    }
};

TEST_P(FailingCall, withoutAResourceIsAnError) {
    for (std::size_t call = 0; call < callsOfAFullConversation(); ++call) {
        for (const int errorNumber : {EMFILE, ENFILE, ENOMEM, EIO}) {
            FakeKernel kernel({.interface = GetParam()});
            kernel.failCall(call, errorNumber);
            const auto answer = askKvm(kernel);
            EXPECT_EQ(kernel.openDescriptors(), 0U);
            ASSERT_FALSE(answer.has_value()) << "call " << call;
            EXPECT_EQ(answer.error().kind, ErrorKind::system);
            EXPECT_EQ(answer.error().errorNumber, errorNumber);
            EXPECT_EQ(answer.error().subject, "/dev/kvm");
            EXPECT_EQ(kernel.calls().size(), call + 1);
        }
    }
}

TEST_P(FailingCall, isRepeatedWhenInterrupted) {
    const std::size_t calls = callsOfAFullConversation();
    for (std::size_t call = 0; call < calls; ++call) {
        FakeKernel kernel({.interface = GetParam()});
        kernel.failCall(call, EINTR);
        const KvmAnswer answer = ask(kernel);
        EXPECT_NE(answer.outcome, KvmOutcome::refused) << "call " << call;
        EXPECT_EQ(kernel.calls().size(), calls + 1);
    }
}

TEST_P(FailingCall, otherwiseNeverGivesABitmapFromTheFailedGeneration) {
    for (std::size_t call = 1; call < callsOfAFullConversation(); ++call) {
        for (const int errorNumber : {EINVAL, ENOTTY, EPERM, EFAULT, E2BIG, EBUSY}) {
            FakeKernel kernel({.interface = GetParam()});
            kernel.failCall(call, errorNumber);
            const KvmAnswer answer = ask(kernel);
            if (answer.outcome == KvmOutcome::answered) {
                EXPECT_EQ(answer.bitmap, 1ULL << 62);
                continue;
            }
            // When a mode is tried, EINVAL is an answer, not a failure.
            if (answer.outcome == KvmOutcome::tried) {
                EXPECT_EQ(errorNumber, EINVAL);
                continue;
            }
            EXPECT_EQ(answer.outcome, KvmOutcome::refused);
            EXPECT_NE(answer.call, "");
            EXPECT_NE(answer.errorNumber, 0);
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Generations, FailingCall,
                         testing::Values(FakeInterface::none, FakeInterface::merged,
                                         FakeInterface::v5, FakeInterface::v4Agreed,
                                         FakeInterface::v4Posted));

TEST(AskKvm, namesTheCallThatTheKernelRefused) {
    FakeKernel noMachine;
    noMachine.failCall(3, EINVAL);
    const KvmAnswer answer = ask(noMachine);
    EXPECT_EQ(answer.outcome, KvmOutcome::refused);
    EXPECT_EQ(answer.call, "KVM_CREATE_VM");
    EXPECT_EQ(answer.errorNumber, EINVAL);

    FakeKernel noAnswer;
    noAnswer.failCall(4, EPERM);
    EXPECT_EQ(ask(noAnswer).call, "KVM_PPC_GET_COMPAT_CAPS (merged interface)");
}

TEST(SystemKernel, handsOutErrnosNegated) {
    SystemKernel kernel;
    EXPECT_EQ(kernel.open("/nonexistent/kvm", O_RDWR), -ENOENT);
    EXPECT_EQ(kernel.ioctl(-1, KVM_GET_API_VERSION, 0), -EBADF);
    const auto notKvm = askKvm(kernel, {.device = "/dev/null"});
    ASSERT_TRUE(notKvm.has_value());
    EXPECT_EQ(notKvm->outcome, KvmOutcome::refused);
    EXPECT_EQ(notKvm->call, "KVM_GET_API_VERSION");
    EXPECT_EQ(notKvm->errorNumber, ENOTTY);
}

} // namespace
} // namespace hostcompat::kvm
