// SPDX-License-Identifier: LGPL-2.1-or-later
// Writes questions to selinuxfs and reads its answers.
#include "driver/libvirt/selinux.hpp"

#include "driver/input/descriptor.hpp"
#include "driver/input/managed_file.hpp"
#include "driver/process/child_process.hpp"

#include <fmt/format.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <fcntl.h>
#include <unistd.h>
#include <vector>

namespace hostcompat::libvirt {

namespace {

using namespace std::chrono_literals;

const std::string kFolder = "/sys/fs/selinux/";
/// A flag in the answer of "access": the domain is permissive (kernel: AVD_FLAGS_PERMISSIVE).
constexpr std::uint32_t kPermissiveDomain = 1;

/// Removes the line break or NUL with which the kernel may end a context.
std::string trimmed(std::string text) {
    while (!text.empty() && (text.back() == '\0' || text.back() == '\n' || text.back() == ' '))
        text.pop_back();
    return text;
}

/// Reads from the descriptor's current position to the end.
std::expected<std::string, int> readAll(const input::Descriptor& file) {
    std::string text;
    std::array<char, 4096> part;
    for (;;) {
        const ssize_t count = ::read(file.number(), part.data(), part.size());
        if (count == 0)
            return text;
        if (count > 0)
            text.append(part.data(), static_cast<std::size_t>(count));
        else if (errno != EINTR)
            return std::unexpected(errno);
    }
}

class SystemCalls final : public SelinuxCalls {
    std::expected<std::string, int> read(const std::string& path) const override {
        const auto file = input::openFile(path, O_RDONLY);
        if (!file)
            return std::unexpected(errno);
        return readAll(file);
    }

    std::expected<std::string, int> ask(const std::string& path,
                                        const std::string& question) const override {
        const auto file = input::openFile(path, O_RDWR);
        if (!file)
            return std::unexpected(errno);
        // The kernel expects a question in a single write.
        ssize_t written = -1;
        do
            written = ::write(file.number(), question.data(), question.size());
        while (written < 0 && errno == EINTR);
        if (written < 0)
            return std::unexpected(errno);
        return readAll(file);
    }

    bool readOnly(const std::string& path) const override {
        struct statvfs status;
        return ::statvfs(path.c_str(), &status) == 0 && (status.f_flag & ST_RDONLY) != 0;
    }

    std::expected<std::string, int> label(const std::string& path) const override {
        std::array<char, 4096> text;
        const ssize_t length =
            ::getxattr(path.c_str(), input::kSelinuxLabel, text.data(), text.size());
        if (length < 0)
            return std::unexpected(errno);
        return trimmed(std::string(text.data(), static_cast<std::size_t>(length)));
    }

    Result<std::string> wantedLabel(const std::string& path) const override {
        // Call the program instead of libselinux, because the static program cannot load a library.
        auto child = process::runChild({"env", "PATH=/usr/sbin:/sbin:/usr/bin:/bin", "LC_ALL=C",
                                        "matchpathcon", "-n", "-m", "file", path},
                                       "", 20s);
        if (!child)
            return std::unexpected(std::move(child.error()));
        std::string label = trimmed(std::move(child->output));
        if (child->status == 0 && !label.empty())
            return label;
        return std::unexpected(Error{
            .kind = ErrorKind::input,
            .action = "look up the SELinux label of",
            .subject = path,
            .reason = child->status == 127
                          ? std::string("there is no program matchpathcon")
                          : fmt::format("matchpathcon: {}", trimmed(std::move(child->errors))),
            .remedy = child->status == 127
                          ? "install it (Debian: selinux-utils, Fedora: libselinux-utils)"
                          : ""});
    }
};

Error failed(std::string action, std::string subject, int errorNumber, std::string reason = {}) {
    return {.kind = ErrorKind::system,
            .action = std::move(action),
            .subject = std::move(subject),
            .errorNumber = errorNumber,
            .reason = std::move(reason),
            .remedy = errorNumber == EACCES || errorNumber == EPERM ? "run as root" : ""};
}

/// The number that is the first word of a text.
Result<std::uint32_t> number(std::string_view text, int base, const std::string& subject) {
    std::uint32_t value = 0;
    const auto [end, problem] =
        std::from_chars(text.data(), text.data() + text.size(), value, base);
    const bool whole = end == text.data() + text.size() || *end == ' ' || *end == '\n';
    if (problem != std::errc() || !whole)
        return std::unexpected(
            failed("understand", subject, 0, fmt::format("it says '{}'", text.substr(0, 80))));
    return value;
}

} // namespace

const SelinuxCalls& systemSelinux() {
    static const SystemCalls calls;
    return calls;
}

std::string_view typeOf(std::string_view context) {
    const auto first = context.find(':');
    const auto second = first == context.npos ? first : context.find(':', first + 1);
    if (second == context.npos)
        return context;
    return context.substr(second + 1, context.find(':', second + 1) - second - 1);
}

Result<SelinuxMode> Selinux::mode() const {
    const std::string path = kFolder + "enforce";
    const auto text = calls_.read(path);
    if (!text && (text.error() == ENOENT || text.error() == ENOTDIR))
        return SelinuxMode::absent;
    if (!text)
        return std::unexpected(failed("read", path, text.error()));
    if (calls_.readOnly(kFolder))
        return SelinuxMode::absent;
    const std::string said = trimmed(*text);
    if (said == "0")
        return SelinuxMode::permissive;
    if (said == "1")
        return SelinuxMode::enforcing;
    return std::unexpected(failed("understand", path, 0, fmt::format("it says '{}'", said)));
}

Result<std::string> Selinux::contextOf(int process) const {
    const std::string path = fmt::format("/proc/{}/attr/current", process);
    auto text = calls_.read(path);
    if (!text)
        return std::unexpected(failed("read", path, text.error()));
    return trimmed(std::move(*text));
}

Result<unsigned> Selinux::classNumber(const std::string& kind) const {
    const std::string path = fmt::format("{}class/{}/index", kFolder, kind);
    const auto text = calls_.read(path);
    if (!text)
        return std::unexpected(failed("read", path, text.error()));
    return number(*text, 10, path);
}

Result<std::string> Selinux::domainAfter(const std::string& domain,
                                         const std::string& label) const {
    const auto process = classNumber("process");
    if (!process)
        return std::unexpected(process.error());
    const std::string path = kFolder + "create";
    const std::string question = fmt::format("{} {} {}", domain, label, *process);
    auto text = calls_.ask(path, question);
    if (!text)
        return std::unexpected(failed(fmt::format("ask {}", path), question, text.error()));
    return trimmed(std::move(*text));
}

Result<Selinux::Denied> Selinux::denied(const std::string& from, const std::string& to,
                                        const std::string& kind,
                                        std::span<const std::string_view> permissions) const {
    const auto index = classNumber(kind);
    if (!index)
        return std::unexpected(index.error());
    const std::string path = kFolder + "access";
    const std::string question = fmt::format("{} {} {}", from, to, *index);
    const auto answer = calls_.ask(path, question);
    if (!answer)
        return std::unexpected(failed(fmt::format("ask {}", path), question, answer.error()));
    // The answer has six fields: allowed, decided, audited if allowed, audited if denied, the
    // policy's sequence number, flags.
    const auto allowed = number(*answer, 16, path);
    if (!allowed)
        return std::unexpected(allowed.error());
    const auto flags = number(answer->substr(answer->rfind(' ') + 1), 16, path);
    if (!flags)
        return std::unexpected(flags.error());
    Denied result{.permissions = {}, .enforced = (*flags & kPermissiveDomain) == 0};
    for (const std::string_view permission : permissions) {
        const std::string file = fmt::format("{}class/{}/perms/{}", kFolder, kind, permission);
        const auto text = calls_.read(file);
        if (!text && text.error() == ENOENT)
            continue;
        if (!text)
            return std::unexpected(failed("read", file, text.error()));
        const auto place = number(*text, 10, file);
        if (!place)
            return std::unexpected(place.error());
        if (*place < 1 || *place > 32)
            return std::unexpected(
                failed("understand", file, 0, fmt::format("it says {}", *place)));
        if ((*allowed >> (*place - 1) & 1U) == 0)
            result.permissions +=
                fmt::format("{}{}", result.permissions.empty() ? "" : " ", permission);
    }
    return result;
}

} // namespace hostcompat::libvirt
