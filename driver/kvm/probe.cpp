// SPDX-License-Identifier: LGPL-2.1-or-later
// Asks KVM, with one generation of the interface after the other.
#include "driver/kvm/probe.hpp"

#include "driver/kvm/abi.hpp"
#include "driver/kvm/descriptor.hpp"
#include "driver/kvm/trial.hpp"
#include "driver/kvm/uapi.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <optional>
#include <vector>

namespace hostcompat::kvm {

namespace {

// Larger than any page size of POWER: the kernel refuses a struct of more than one page.
constexpr std::uint64_t kLargestStruct = 65536;

/// The state while asking KVM: what every step needs to report its result.
class Asker {
public:
    Asker(Kernel& kernel, const KvmQuestion& question) : kernel_(kernel), question_(question) {
        answer_.device = question.device;
    }

    Result<KvmAnswer> ask() {
        const int number = openDevice();
        if (number < 0)
            return unopened(-number);
        Descriptor device(kernel_, number);

        const int version = device.ioctl(KVM_GET_API_VERSION);
        if (version < 0)
            return failed("KVM_GET_API_VERSION", -version);
        if (version != uapi::kApiVersion)
            return unusable("KVM_GET_API_VERSION", fmt::format("the API version is {}, not {}",
                                                               version, uapi::kApiVersion));
        auto answer = askGenerations(device);
        if (!answer ||
            (answer->outcome != KvmOutcome::answered && answer->outcome != KvmOutcome::tried))
            return answer;
        answer_ = std::move(*answer);
        return askWorkingHv(device);
    }

private:
    /// Asks for what only a working KVM-HV reports, in addition to the bitmap.
    Result<KvmAnswer> askWorkingHv(Descriptor& device) {
        const int nested = device.ioctl(KVM_CHECK_EXTENSION, uapi::kCapPpcNestedHv);
        if (nested < 0)
            return failed(fmt::format("KVM_CHECK_EXTENSION({})", uapi::kCapPpcNestedHv), -nested);
        answer_.nestedHv = nested > 0;
        const bool hasBitmap = answer_.outcome == KvmOutcome::answered;
        if (hasBitmap && !question_.alwaysTry)
            return answer_;
        answer_.trial.emplace();
        const auto failure = tryModes(device, question_.table, *answer_.trial);
        if (!failure)
            return answer_;
        answer_.trial->failure =
            fmt::format("{}: {}", failure->call, model::errorName(failure->errorNumber));
        if (hasBitmap && !isResourceFailure(failure->errorNumber))
            return answer_;
        return failed(failure->call, failure->errorNumber);
    }

    int openDevice() {
        int number = 0;
        do {
            number = kernel_.open(answer_.device.c_str(), O_RDWR | O_CLOEXEC);
        } while (number == -EINTR);
        return number;
    }

    Result<KvmAnswer> askGenerations(Descriptor& device) {
        bool offered = false;
        for (const KvmAbi& abi : kvmAbiTable()) {
            const int extension =
                device.ioctl(KVM_CHECK_EXTENSION, static_cast<std::uintptr_t>(abi.capability));
            if (extension < 0)
                return failed(fmt::format("KVM_CHECK_EXTENSION({})", abi.capability), -extension);
            if (extension == 0)
                continue;
            offered = true;
            auto answer = askMachine(device, abi);
            if (!answer || !isAbsent(*answer, abi))
                return answer;
            lastRefusal_ = std::move(*answer);
        }
        if (offered)
            return lastRefusal_;
        return withoutCapability(device);
    }

    /// Whether the kernel only knows another generation of the interface. ENOTTY always means that.
    /// The posted v4 has one request number for both orders of the struct, and the wrong order
    /// gives EINVAL.
    static bool isAbsent(const KvmAnswer& answer, const KvmAbi& abi) {
        if (answer.outcome != KvmOutcome::refused || answer.call == "KVM_CREATE_VM")
            return false;
        return answer.errorNumber == ENOTTY || (!abi.extensible && answer.errorNumber == EINVAL);
    }

    Result<KvmAnswer> withoutCapability(Descriptor& device) {
        const int prOnly = device.ioctl(KVM_CHECK_EXTENSION, uapi::kCapPpcGetPvinfo);
        if (prOnly < 0)
            return failed(fmt::format("KVM_CHECK_EXTENSION({})", uapi::kCapPpcGetPvinfo), -prOnly);
        answer_.outcome = prOnly == 0 ? KvmOutcome::tried : KvmOutcome::noHv;
        return answer_;
    }

    Result<KvmAnswer> askMachine(Descriptor& device, const KvmAbi& abi) {
        const int number = device.ioctl(KVM_CREATE_VM);
        if (number < 0)
            return failed("KVM_CREATE_VM", -number);
        Descriptor machine(kernel_, number);

        std::vector<std::uint64_t> words(sizeof(uapi::PpcCompatCaps) / sizeof(std::uint64_t));
        int result = request(machine, abi, words);
        if (result == -E2BIG && abi.extensible) {
            const std::uint64_t kernelSize = words[abi.sizeWord];
            if (!isUsableSize(kernelSize, abi))
                return unusable(requestName(abi),
                                fmt::format("the kernel's struct has {} bytes, too few or too many "
                                            "for the bitmap",
                                            kernelSize));
            words.assign((kernelSize + sizeof(std::uint64_t) - 1) / sizeof(std::uint64_t), 0);
            result = request(machine, abi, words, kernelSize);
        }
        if (result < 0)
            return failed(requestName(abi), -result);
        if (abi.extensible && words[abi.sizeWord] < bytesToBitmap(abi))
            return unusable(requestName(abi),
                            fmt::format("the kernel filled {} bytes, which end before the bitmap",
                                        words[abi.sizeWord]));
        KvmAnswer answer{.outcome = KvmOutcome::answered,
                         .bitmap = words[abi.capabilitiesWord],
                         .abi = std::string(abi.name),
                         .device = answer_.device};
        return answer;
    }

    static int request(Descriptor& machine, const KvmAbi& abi, std::vector<std::uint64_t>& words,
                       std::optional<std::uint64_t> size = std::nullopt) {
        words[abi.sizeWord] = size.value_or(words.size() * sizeof(std::uint64_t));
        words[abi.flagsWord] = 0;
        return machine.ioctl(abi.request, reinterpret_cast<std::uintptr_t>(words.data()));
    }

    static std::uint64_t bytesToBitmap(const KvmAbi& abi) {
        return (abi.capabilitiesWord + 1) * sizeof(std::uint64_t);
    }

    static bool isUsableSize(std::uint64_t size, const KvmAbi& abi) {
        return size >= bytesToBitmap(abi) && size <= kLargestStruct;
    }

    static std::string requestName(const KvmAbi& abi) {
        return fmt::format("KVM_PPC_GET_COMPAT_CAPS ({} interface)", abi.name);
    }

    Result<KvmAnswer> unopened(int errorNumber) {
        switch (errorNumber) {
        case ENOENT:
        case ENOTDIR:
            answer_.outcome = KvmOutcome::noDevice;
            break;
        case EACCES:
        case EPERM:
            answer_.outcome = KvmOutcome::noPermission;
            break;
        case ENODEV:
        case ENXIO:
            answer_.outcome = KvmOutcome::noModule;
            break;
        default:
            return failed("open", errorNumber);
        }
        answer_.call = "open";
        answer_.errorNumber = errorNumber;
        return answer_;
    }

    Result<KvmAnswer> failed(std::string call, int errorNumber) {
        if (isResourceFailure(errorNumber))
            return std::unexpected(Error{.kind = ErrorKind::system,
                                         .action = "ask KVM: " + call + " on",
                                         .subject = answer_.device,
                                         .errorNumber = errorNumber,
                                         .remedy = "free the resource and try again"});
        answer_.outcome = KvmOutcome::refused;
        answer_.call = std::move(call);
        answer_.errorNumber = errorNumber;
        return answer_;
    }

    Result<KvmAnswer> unusable(std::string call, std::string detail) {
        answer_.outcome = KvmOutcome::refused;
        answer_.call = std::move(call);
        answer_.detail = std::move(detail);
        return answer_;
    }

    Kernel& kernel_;
    const KvmQuestion& question_;
    KvmAnswer answer_;
    KvmAnswer lastRefusal_;
};

} // namespace

Result<KvmAnswer> askKvm(Kernel& kernel, const KvmQuestion& question) {
    return Asker(kernel, question).ask();
}

model::KnownCompat compatFromBitmap(std::uint64_t bitmap, std::string_view abi,
                                    model::ModeTable table) {
    model::KnownCompat known{.source = "kvm",
                             .supported = {},
                             .refused = {},
                             .capabilities = bitmap,
                             .unknownBits = bitmap,
                             .abi = std::string(abi)};
    for (const model::Mode& mode : table) {
        if (mode.capabilityBit == 0)
            continue;
        ((bitmap & mode.capabilityBit) != 0 ? known.supported : known.refused).insert(mode);
        known.unknownBits &= ~mode.capabilityBit;
    }
    return known;
}

} // namespace hostcompat::kvm
