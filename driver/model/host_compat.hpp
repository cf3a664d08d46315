// SPDX-License-Identifier: LGPL-2.1-or-later
// What a host supports and how we know: the values that every other part works on.
#pragma once

#include "driver/model/mode.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hostcompat::model {

/// Who gave the answer about a host.
enum class CompatSource {
    kvm,        ///< the kernel itself (KVM_CAP_PPC_COMPAT_CAPS)
    deviceTree, ///< the partition's own level in the device tree; the kernel does not know the
                ///< capability
    pvr,        ///< the processor version of a PowerNV host
};

/// "kvm", "device-tree" or "pvr", as written in documents.
std::string_view toString(CompatSource source);

/// The inverse of toString(); nothing for any other text.
std::optional<CompatSource> parseCompatSource(std::string_view text);

/// A host's compatibility modes.
struct KnownCompat {
    CompatSource source = CompatSource::kvm;
    /// The supported modes of the table; never a bit that the table lacks.
    ModeSet supported;
    /// The kernel's raw bitmap; nothing where the source is not the kernel.
    std::optional<std::uint64_t> capabilities;
    /// Bits of the bitmap that no row of the table has; kept so that nothing the kernel said is
    /// lost.
    std::uint64_t unknownBits = 0;
    /// The generation of the kernel's interface that answered (a name of the table in
    /// driver/kvm/abi.hpp).
    std::string abi;

    friend bool operator==(const KnownCompat&, const KnownCompat&) = default;
};

/// The answer about a host: known, or unknown with the reason. Unknown is not "unsupported".
struct HostCompat {
    std::optional<KnownCompat> known;
    /// Why it is unknown, and what would help: one sentence. Empty where it is known.
    std::string reason;

    friend bool operator==(const HostCompat&, const HostCompat&) = default;
};

/// The answer that a raw bitmap of the kernel means.
/// Sources: Linux 7.3 Documentation/virt/kvm/api.rst 4.145, commit ac3e65ddddf3.
KnownCompat compatFromBitmap(std::uint64_t bitmap, std::string_view abi,
                             ModeTable table = modeTable());

/// What kind of machine the host's kernel runs on.
enum class Platform { pseries, powernv, other };

/// "pseries", "powernv" or "other".
std::string_view toString(Platform platform);

/// The inverse of toString(); nothing for any other text.
std::optional<Platform> parsePlatform(std::string_view text);

/// The host as it describes itself.
struct HostIdentity {
    /// The kernel's machine name (uname -m): "ppc64le", "x86_64".
    std::string arch;
    Platform platform = Platform::other;
    /// The raw processor version; nothing where the host does not tell.
    std::optional<std::uint32_t> pvr;
    /// The CPU model name of that processor ("POWER10"); empty where the table does not know it.
    std::string model;
    /// The name of the mode that the host itself runs in ("power9"); empty where it is not known.
    std::string effectiveMode;
    /// The kernel's release (uname -r).
    std::string kernel;

    friend bool operator==(const HostIdentity&, const HostIdentity&) = default;
};

/// How a precondition fared, in virt-host-validate's words.
enum class CheckResult { pass, warn, fail, note };

/// "PASS", "WARN", "FAIL" or "NOTE".
std::string_view toString(CheckResult result);

/// The inverse of toString(); nothing for any other text.
std::optional<CheckResult> parseCheckResult(std::string_view text);

/// One precondition of a known answer.
struct Check {
    std::string name;
    CheckResult result = CheckResult::note;
    /// What to do or to know; may be empty for a pass.
    std::string hint;

    friend bool operator==(const Check&, const Check&) = default;
};

/// Everything that is known of one host: what "show --json" prints and "--probe" reads.
struct HostRecord {
    HostIdentity host;
    HostCompat compat;
    std::vector<Check> checks;

    friend bool operator==(const HostRecord&, const HostRecord&) = default;
};

} // namespace hostcompat::model
