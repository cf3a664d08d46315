// SPDX-License-Identifier: LGPL-2.1-or-later
// What SELinux's policy in the kernel allows, asked through selinuxfs.
#pragma once

#include "driver/model/error.hpp"

#include <expected>
#include <span>
#include <string>
#include <string_view>

namespace hostcompat::libvirt {

/// The calls that questions about SELinux need, with the errno of one that failed. Tests play them.
class SelinuxCalls {
public:
    virtual ~SelinuxCalls() = default;
    /// A file's content.
    virtual std::expected<std::string, int> read(const std::string& path) const = 0;
    /// Writes a question into a file of selinuxfs and reads the answer from the same descriptor.
    virtual std::expected<std::string, int> ask(const std::string& path,
                                                const std::string& question) const = 0;
    /// Whether the file system that a path is on is mounted read-only.
    virtual bool readOnly(const std::string& path) const = 0;
    /// The label of the file that a path leads to.
    virtual std::expected<std::string, int> label(const std::string& path) const = 0;
    /// The label that the policy's file contexts have for a regular file of that path, which need
    /// not be there; "<<none>>" where they have none. Errors: kind input where the program
    /// matchpathcon(8) is missing or fails.
    virtual Result<std::string> wantedLabel(const std::string& path) const = 0;
};

/// The kernel, and the policy's files, of this system.
const SelinuxCalls& systemSelinux();

/// Whether the kernel enforces a policy.
enum class SelinuxMode {
    absent,     ///< there is no selinuxfs, or it cannot be asked, as in containers (libselinux
                ///< takes a read-only one for none, too)
    permissive, ///< denials are only logged
    enforcing,
};

/// Asks the kernel in its own words (kernel: security/selinux/selinuxfs.c).
class Selinux {
public:
    explicit Selinux(const SelinuxCalls& calls) : calls_(calls) {}

    /// Errors: kind system where it cannot be read, or is neither 0 nor 1.
    Result<SelinuxMode> mode() const;

    /// The context of a process. Errors: kind system with the file that cannot be read.
    Result<std::string> contextOf(int process) const;

    /// The domain that a process of a domain is in once it executes a file with a label.
    /// Errors: kind system with the question.
    Result<std::string> domainAfter(const std::string& domain, const std::string& label) const;

    /// What an access lacks.
    struct Denied {
        std::string permissions; ///< those that are denied, with a space between; empty for none
        bool enforced = true;    ///< not where the domain itself is permissive
    };
    /// Of some permissions of a class, those that the policy denies. One that the policy does not
    /// know is not counted. Errors: kind system with the question.
    Result<Denied> denied(const std::string& from, const std::string& to, const std::string& kind,
                          std::span<const std::string_view> permissions) const;

private:
    Result<unsigned> classNumber(const std::string& kind) const;

    const SelinuxCalls& calls_;
};

/// The third part of a context: the type or the domain. The whole context where it has no parts.
std::string_view typeOf(std::string_view context);

} // namespace hostcompat::libvirt
