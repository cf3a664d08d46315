// SPDX-License-Identifier: LGPL-2.1-or-later
// The measured behaviour of Linux 7.3, 6.12 and the two posted patch series, for tests.
#include "driver/kvm/fake_kernel.hpp"

#include "driver/kvm/uapi.hpp"

#include <cerrno>
#include <cstring>

namespace hostcompat::kvm {

namespace {

constexpr std::uint64_t kOldestSize = sizeof(uapi::PpcCompatCaps);

std::string nameOf(unsigned long request, std::uintptr_t argument) {
    switch (request) {
    case KVM_GET_API_VERSION:
        return "KVM_GET_API_VERSION";
    case KVM_CHECK_EXTENSION:
        return "KVM_CHECK_EXTENSION " + std::to_string(argument);
    case KVM_CREATE_VM:
        return "KVM_CREATE_VM";
    case KVM_CREATE_VCPU:
        return "KVM_CREATE_VCPU";
    case KVM_ENABLE_CAP:
        return "KVM_ENABLE_CAP";
    case KVM_SET_ONE_REG:
        return "KVM_SET_ONE_REG";
    default:
        return "ioctl " + std::to_string(request);
    }
}

} // namespace

int FakeKernel::failureOf(std::string call) {
    const auto planned = failures_.find(calls_.size());
    calls_.push_back(std::move(call));
    return planned == failures_.end() ? 0 : -planned->second;
}

int FakeKernel::open(const char* path, int flags) {
    if (const int failure = failureOf(std::string("open ") + path))
        return failure;
    if (setup_.openError != 0)
        return -setup_.openError;
    openFlags_ = flags;
    devices_.insert(nextDescriptor_);
    return nextDescriptor_++;
}

void FakeKernel::close(int descriptor) {
    if (devices_.erase(descriptor) + machines_.erase(descriptor) + vcpus_.erase(descriptor) != 1)
        std::abort(); // the caller closed a descriptor that is not open
}

int FakeKernel::checkExtension(std::uintptr_t capability) const {
    const bool merged =
        setup_.interface == FakeInterface::merged || setup_.interface == FakeInterface::v5;
    const bool posted =
        setup_.interface == FakeInterface::v4Agreed || setup_.interface == FakeInterface::v4Posted;
    switch (capability) {
    case uapi::kCapPpcCompatCaps:
        return merged && setup_.offersCapability ? 1 : 0;
    case uapi::kCapPpcCompatCapsV4:
        return posted && setup_.offersCapability ? 1 : 0;
    case uapi::kCapPpcGetPvinfo:
        return setup_.hasHv ? 0 : 1;
    case uapi::kCapPpcNestedHv:
        return setup_.nestedHv;
    case uapi::kCapPpcMmuHashV3:
        return setup_.mmuHashV3;
    default:
        return 0;
    }
}

int FakeKernel::ioctl(int descriptor, unsigned long request, std::uintptr_t argument) {
    if (const int failure = failureOf(nameOf(request, argument)))
        return failure;
    if (machines_.contains(descriptor))
        return machineRequest(request, argument);
    if (vcpus_.contains(descriptor))
        return vcpuRequest(descriptor, request, argument);
    if (!devices_.contains(descriptor))
        return -EBADF;
    switch (request) {
    case KVM_GET_API_VERSION:
        return setup_.apiVersion;
    case KVM_CHECK_EXTENSION:
        return checkExtension(argument);
    case KVM_CREATE_VM:
        if (!setup_.hasHv)
            return -EINVAL;
        machines_.insert(nextDescriptor_);
        ++machinesMade_;
        return nextDescriptor_++;
    default:
        return -ENOTTY;
    }
}

// Like copy_struct_from_user() and the copy of the answer in Linux 7.3.
int FakeKernel::extensibleAnswer(std::uint64_t* words) const {
    if (!setup_.offersCapability)
        return -EINVAL;
    const std::uint64_t size = words[0];
    if (size > setup_.pageSize)
        return -E2BIG;
    if (size < kOldestSize && size < setup_.structSize)
        return -EINVAL;
    for (std::uint64_t offset = setup_.structSize; offset < size; ++offset)
        if (reinterpret_cast<const unsigned char*>(words)[offset] != 0) {
            words[0] = setup_.structSize;
            return -E2BIG;
        }
    if (words[1] != 0)
        return -EINVAL;
    words[0] = setup_.structSize;
    if (setup_.structSize >= kOldestSize)
        words[2] = setup_.bitmap;
    return 0;
}

int FakeKernel::strictAnswer(std::uint64_t* words, std::size_t sizeWord, std::size_t flagsWord,
                             bool exactSize) const {
    const bool sizeFits =
        exactSize ? words[sizeWord] == kOldestSize : words[sizeWord] >= kOldestSize;
    if (!sizeFits || words[flagsWord] != 0 || !setup_.offersCapability)
        return -EINVAL;
    words[2] = setup_.bitmap;
    return 0;
}

int FakeKernel::machineRequest(unsigned long request, std::uintptr_t argument) {
    if (request == KVM_CREATE_VCPU) {
        vcpus_[nextDescriptor_] = false;
        return nextDescriptor_++;
    }
    auto* words = reinterpret_cast<std::uint64_t*>(argument);
    if (request == uapi::kPpcGetCompatCaps && setup_.interface == FakeInterface::merged)
        return extensibleAnswer(words);
    if (request == uapi::kPpcGetCompatCapsV5 && setup_.interface == FakeInterface::v5)
        return extensibleAnswer(words);
    if (request == uapi::kPpcGetCompatCapsV4 && setup_.interface == FakeInterface::v4Agreed)
        return strictAnswer(words, 0, 1, true);
    if (request == uapi::kPpcGetCompatCapsV4 && setup_.interface == FakeInterface::v4Posted)
        return strictAnswer(words, 1, 0, false);
    return -ENOTTY;
}

int FakeKernel::vcpuRequest(int descriptor, unsigned long request, std::uintptr_t argument) {
    if (request == KVM_ENABLE_CAP) {
        const auto& capability = *reinterpret_cast<const kvm_enable_cap*>(argument);
        if (capability.cap != uapi::kCapPpcPapr || capability.flags != 0)
            return -EINVAL;
        vcpus_[descriptor] = true;
        return 0;
    }
    if (request != KVM_SET_ONE_REG)
        return -ENOTTY;
    const auto& reg = *reinterpret_cast<const kvm_one_reg*>(argument);
    if (reg.id != uapi::kRegPpcArchCompat || (setup_.needsPapr && !vcpus_[descriptor]))
        return -EINVAL;
    return setLevel(*reinterpret_cast<const std::uint32_t*>(reg.addr));
}

// POWER10 and Power11 have the same value of the processor compatibility register (PCR_ARCH_31).
unsigned FakeKernel::pcrOf(unsigned mode) const {
    return mode == 11 ? 10 : mode;
}

// kvmppc_set_arch_compat() of Linux 6.12, and the check that was added later.
int FakeKernel::setLevel(std::uint32_t level) const {
    unsigned mode = setup_.level;
    if (level == 0) {
        if (setup_.refusesRaw)
            return -EINVAL;
    } else {
        if (level < 0x0f000002 || level - 0x0f000000 + 4 > setup_.newestLevel)
            return -EINVAL;
        mode = level - 0x0f000000 + 4;
    }
    if (pcrOf(mode) > pcrOf(setup_.level) || (setup_.checksLevel && mode > setup_.level))
        return -EINVAL;
    if (!setup_.grants)
        return 0;
    // map_pcr_to_cap(): of the modes with the same PCR value, the one of the host's own level
    // counts.
    const unsigned judged = pcrOf(mode) == pcrOf(setup_.level) ? setup_.level : mode;
    const bool granted = judged >= 9 && (*setup_.grants >> (71 - judged) & 1U) != 0;
    return granted ? 0 : -EINVAL;
}

} // namespace hostcompat::kvm
