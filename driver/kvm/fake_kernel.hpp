// SPDX-License-Identifier: LGPL-2.1-or-later
// A fake kernel for tests. It answers like the measured kernels, and fails any call on demand.
#pragma once

#include "driver/kvm/kernel.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace hostcompat::kvm {

/// The generation of the interface that the kernel has.
enum class FakeInterface { none, merged, v5, v4Agreed, v4Posted };

/// The properties of a fake kernel. The defaults are a POWER10 partition in power9 mode on Linux
/// 7.3.
struct FakeKernelSetup {
    FakeInterface interface = FakeInterface::merged;
    /// What the hypervisor grants; 0 makes the capability answer 0.
    bool offersCapability = true;
    std::uint64_t bitmap = 1ULL << 62;
    /// The size of the kernel's own struct, in bytes.
    std::uint64_t structSize = 24;
    /// The page size above which the kernel refuses without writing its size back.
    std::uint64_t pageSize = 65536;
    /// Whether KVM-HV works; otherwise KVM_CREATE_VM fails with EINVAL.
    bool hasHv = true;
    int apiVersion = 12;
    /// KVM_CAP_PPC_NESTED_HV and KVM_CAP_PPC_MMU_HASH_V3.
    int nestedHv = 1;
    int mmuHashV3 = 0;
    /// The mode that the host runs in, by its number.
    unsigned level = 9;
    /// The newest level that the kernel has a name for; newer ones are invalid.
    unsigned newestLevel = 11;
    /// Whether a level beyond the host's own is refused although its PCR value is the host's:
    /// POWER10 and Power11 share one (Linux commit 884ea0283f4e).
    bool checksLevel = true;
    /// Nested API v2: the modes that the hypervisor grants, as the bitmap writes them.
    std::optional<std::uint64_t> grants;
    /// Whether level 0 is refused, as early kernels do with nested API v2.
    bool refusesRaw = false;
    /// Whether a vCPU without KVM_CAP_PPC_PAPR has every level refused (Linux 7.2).
    bool needsPapr = true;
    /// errno of opening the device; 0 opens it.
    int openError = 0;
};

/// The kernel of FakeKernelSetup. Counts calls and open descriptors.
class FakeKernel final : public Kernel {
public:
    explicit FakeKernel(FakeKernelSetup setup = {}) : setup_(std::move(setup)) {}

    int open(const char* path, int flags) override;
    int ioctl(int descriptor, unsigned long request, std::uintptr_t argument) override;
    void close(int descriptor) override;

    /// Makes the call of that number (from 0, over open and ioctl together) fail with the errno,
    /// once.
    void failCall(std::size_t number, int errorNumber) {
        failures_[number] = errorNumber;
    }
    /// The calls so far by name, for example "open /dev/kvm" or "KVM_CREATE_VM".
    const std::vector<std::string>& calls() const {
        return calls_;
    }
    std::size_t openDescriptors() const {
        return devices_.size() + machines_.size() + vcpus_.size();
    }
    int openFlags() const {
        return openFlags_;
    }
    std::size_t machinesMade() const {
        return machinesMade_;
    }

private:
    int failureOf(std::string call);
    int checkExtension(std::uintptr_t capability) const;
    int extensibleAnswer(std::uint64_t* words) const;
    int strictAnswer(std::uint64_t* words, std::size_t sizeWord, std::size_t flagsWord,
                     bool exactSize) const;
    int machineRequest(unsigned long request, std::uintptr_t argument);
    int vcpuRequest(int descriptor, unsigned long request, std::uintptr_t argument);
    int setLevel(std::uint32_t level) const;
    unsigned pcrOf(unsigned mode) const;

    FakeKernelSetup setup_;
    std::map<std::size_t, int> failures_;
    std::vector<std::string> calls_;
    std::set<int> devices_;
    std::set<int> machines_;
    /// The vCPUs, and whether each has KVM_CAP_PPC_PAPR.
    std::map<int, bool> vcpus_;
    int nextDescriptor_ = 100;
    int openFlags_ = 0;
    std::size_t machinesMade_ = 0;
};

} // namespace hostcompat::kvm
