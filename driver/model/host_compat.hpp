// SPDX-License-Identifier: LGPL-2.1-or-later
// What a host supports, and the source of that answer.
#pragma once

#include "driver/model/mode.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hostcompat::model {

/// Whether a text can be a source: a letter, then letters, digits and hyphens. Newer versions may
/// have other sources.
bool isSourceWord(std::string_view text);

/// A host's compatibility modes.
struct KnownCompat {
    /// The source of the answer: "kvm" (the kernel's bitmap), "trial" (each mode was tried), or
    /// another name in documents and records of other versions.
    std::string source;
    /// The modes that guests can have, and those that they cannot have. A mode in neither is
    /// unknown.
    ModeSet supported;
    ModeSet refused;
    /// The kernel's raw bitmap; nothing if the source is not the kernel.
    std::optional<std::uint64_t> capabilities;
    /// Bits of the bitmap that are not in the table; kept so that the kernel's answer is complete.
    std::uint64_t unknownBits = 0;
    /// The generation of the kernel's interface that answered (a name of the table in
    /// driver/kvm/abi.hpp).
    std::string abi;

    friend bool operator==(const KnownCompat&, const KnownCompat&) = default;
};

/// Whether "yes" is used in answers of that source. Earlier versions derived modes from the host's
/// own mode or processor, with the sources "device-tree" and "pvr"; the hypervisor may refuse what
/// they call supported.
bool isBelieved(std::string_view source);

/// What the kernel answered when each mode was set on a vCPU that never ran: kTaken, or the name of
/// the errno ("EINVAL"); empty if it was not asked.
struct Trial {
    static constexpr std::string_view kTaken = "ok";
    /// A logical PVR that no processor has, in the form of PAPR's.
    static constexpr std::uint32_t kControlLevel = 0x0f0000ff;

    /// By the mode's number.
    std::map<unsigned, std::string> modes;
    /// Level 0, which is the processor's own mode.
    std::string raw;
    /// kControlLevel: a kernel that accepts it does not check the level.
    std::string control;
    /// Whether KVM gives guests a hashed page table on processors that have a radix one too
    /// (KVM_CAP_PPC_MMU_HASH_V3).
    bool hashedPageTable = false;
    /// The call that ended it early and its errno, "KVM_CREATE_VCPU: EPERM". Empty if it went
    /// through.
    std::string failure;

    friend bool operator==(const Trial&, const Trial&) = default;
};

/// The answer about a host: known, or unknown with the reason. Unknown is not "unsupported".
struct HostCompat {
    std::optional<KnownCompat> known;
    /// Why it is unknown, and what to do: one sentence. Empty if it is known.
    std::string reason;
    /// The raw answers of the trial, where it was made; also where nothing was concluded from it.
    std::optional<Trial> trial;

    friend bool operator==(const HostCompat&, const HostCompat&) = default;
};

/// The generations of the hypercalls with which a pSeries host runs guests of its own.
enum class NestedApi { none, v1, v2 };

/// "none", "v1" or "v2".
std::string_view toString(NestedApi api);

/// The inverse of toString(); nothing for any other text.
std::optional<NestedApi> parseNestedApi(std::string_view text);

/// The answer without what is not believed: modes that it calls supported become modes of which
/// it does not tell. Unknown where nothing is left.
HostCompat withoutDoubtful(HostCompat compat);

/// The answer, with every mode newer than the processor's generation changed to not supported. A
/// generation of 0 is unknown and limits nothing.
HostCompat limitedTo(HostCompat compat, unsigned generation);

/// What kind of machine the host's kernel runs on.
enum class Platform { pseries, powernv, other };

/// "pseries", "powernv" or "other".
std::string_view toString(Platform platform);

/// The inverse of toString(); nothing for any other text.
std::optional<Platform> parsePlatform(std::string_view text);

/// The host as it describes itself.
struct HostIdentity {
    /// The kernel's node name (uname -n); empty if it is not known.
    std::string name;
    /// The kernel's machine name (uname -m): "ppc64le", "x86_64".
    std::string arch;
    Platform platform = Platform::other;
    /// The raw processor version; nothing if the host does not tell.
    std::optional<std::uint32_t> pvr;
    /// The CPU model name of that processor ("POWER10"); empty if the table does not know it.
    std::string model;
    /// The name of the mode that the host itself runs in ("power9"); empty if it is not known.
    std::string effectiveMode;
    /// The name that the kernel has for the processor itself (AT_BASE_PLATFORM: "power10"); that of
    /// another generation where it does not know the processor. Empty if it is not known.
    std::string basePlatform;
    /// The kernel's release (uname -r).
    std::string kernel;
    /// The kernel's page size in bytes; 0 if it is not known.
    std::uint64_t pageSize = 0;
    /// Nothing if it is not known.
    std::optional<NestedApi> nestedApi;

    friend bool operator==(const HostIdentity&, const HostIdentity&) = default;
};

/// The result of a check, as in virt-host-validate. skip: an earlier check that it depends on
/// failed.
enum class CheckResult { pass, warn, fail, skip, note };

/// "PASS", "WARN", "FAIL", "SKIP" or "NOTE".
std::string_view toString(CheckResult result);

/// The inverse of toString(); nothing for any other text.
std::optional<CheckResult> parseCheckResult(std::string_view text);

/// One check of "doctor".
struct Check {
    std::string name;
    CheckResult result = CheckResult::note;
    /// What to do or to know; may be empty for a pass.
    std::string hint;

    friend bool operator==(const Check&, const Check&) = default;
};

/// Everything that is known about one host: "show --json" prints it and "--probe" reads it.
struct HostRecord {
    /// When the host was asked, as text::utcTime() writes it; empty if it is not known.
    std::string time;
    HostIdentity host;
    HostCompat compat;
    std::vector<Check> checks;

    friend bool operator==(const HostRecord&, const HostRecord&) = default;
};

} // namespace hostcompat::model
