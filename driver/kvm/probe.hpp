// SPDX-License-Identifier: LGPL-2.1-or-later
// Asks KVM which compatibility modes guests of this host can have.
#pragma once

#include "driver/kvm/kernel.hpp"
#include "driver/model/error.hpp"
#include "driver/model/host_compat.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hostcompat::kvm {

/// The result of asking KVM.
enum class KvmOutcome {
    answered,     ///< the kernel gave a bitmap
    tried,        ///< KVM-HV works, does not know the capability, and each mode was tried
    noDevice,     ///< the device does not exist
    noPermission, ///< the device may not be opened
    noModule,     ///< the device is there, and no KVM module is loaded
    noHv,         ///< KVM is there without KVM-HV
    refused,      ///< another call failed
};

/// KVM's answer. Owns its strings.
struct KvmAnswer {
    KvmOutcome outcome = KvmOutcome::refused;
    /// The bitmap and the generation that gave it; only where answered.
    std::uint64_t bitmap = 0;
    std::string abi;
    /// What KVM_CAP_PPC_NESTED_HV says; nothing if it was not asked.
    std::optional<bool> nestedHv;
    /// The answers of the trial, if it was made, up to the call that failed.
    std::optional<model::Trial> trial;
    /// The path of the device, always.
    std::string device;
    /// The call that failed and its errno (0 if the answer itself was unusable, then detail says
    /// how).
    std::string call;
    int errorNumber = 0;
    std::string detail;
};

/// What to ask.
struct KvmQuestion {
    std::string device = "/dev/kvm";
    /// Whether each mode is also tried if the kernel gives a bitmap, which creates a virtual
    /// machine.
    bool alwaysTry = false;
    model::ModeTable table = model::modeTable();
};

/// Asks KVM through the given kernel. Opens the device O_RDWR|O_CLOEXEC, checks
/// KVM_GET_API_VERSION, then asks KVM_CHECK_EXTENSION on the device itself, and makes a virtual
/// machine only where that says 1 (on PowerVM one costs two hypervisor calls). Where no generation
/// is known and KVM-HV works, each mode is tried (driver/kvm/trial.hpp). Interrupted calls are
/// repeated. No descriptor outlives the call.
///
/// Errors: kind system if the system ran short (isResourceFailure()), with the call. Everything
/// else that KVM may say is an outcome. Sources: Linux 7.3 Documentation/virt/kvm/api.rst 4.145;
/// commits b76fb087efcd, 8735048f54ec, c1721e584244.
Result<KvmAnswer> askKvm(Kernel& kernel, const KvmQuestion& question = {});

/// The answer that the kernel's bitmap means: a mode whose bit is set is supported, a mode whose
/// bit is not set is refused, and a mode without a bit is unknown. Sources: Linux 7.3
/// Documentation/virt/kvm/api.rst 4.145, commit ac3e65ddddf3.
model::KnownCompat compatFromBitmap(std::uint64_t bitmap, std::string_view abi,
                                    model::ModeTable table = model::modeTable());

} // namespace hostcompat::kvm
