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

/// A host's compatibility modes.
struct KnownCompat {
    /// Who gave the answer: "kvm" or, in documents and records of other versions, another word.
    std::string source;
    /// The modes that guests can have, and those that they cannot have. A mode in neither is not
    /// told.
    ModeSet supported;
    ModeSet refused;
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

/// The generations of the hypercalls with which a pSeries host runs guests of its own.
enum class NestedApi { none, v1, v2 };

/// "none", "v1" or "v2".
std::string_view toString(NestedApi api);

/// The inverse of toString(); nothing for any other text.
std::optional<NestedApi> parseNestedApi(std::string_view text);

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
    /// Nothing where it is not known.
    std::optional<NestedApi> nestedApi;

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
