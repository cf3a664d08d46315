// SPDX-License-Identifier: LGPL-2.1-or-later
// Checks the owner and permissions of the opened file, so that it cannot be replaced after the
// check.
#include "driver/input/trusted_file.hpp"

#include "driver/input/descriptor.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

namespace hostcompat::input {

namespace {

constexpr std::size_t kMaximumBytes = std::size_t{1} << 20;

Error refuse(std::string action, const std::string& path, int errorNumber, std::string reason = {},
             std::string remedy = {}) {
    return {.kind = ErrorKind::input,
            .action = std::move(action),
            .subject = path,
            .errorNumber = errorNumber,
            .reason = std::move(reason),
            .remedy = std::move(remedy)};
}

Result<void> checkStatus(const struct stat& status, const std::string& path) {
    if (status.st_uid != 0 && status.st_uid != ::geteuid())
        return std::unexpected(refuse(
            "trust", path, 0, fmt::format("it belongs to user {} and not to root", status.st_uid),
            fmt::format("run 'chown root: {}'", path)));
    if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0)
        return std::unexpected(
            refuse("trust", path, 0,
                   fmt::format("its mode {:04o} lets others than its owner write it",
                               status.st_mode & 07777),
                   fmt::format("run 'chmod go-w {}'", path)));
    return {};
}

} // namespace

Result<std::string> readTrusted(const std::string& path) {
    const Descriptor file = openFile(path, O_RDONLY | O_NOCTTY | O_NONBLOCK);
    struct stat status;
    if (!file || ::fstat(file.number(), &status) != 0)
        return std::unexpected(refuse("open", path, errno));
    if (!S_ISREG(status.st_mode))
        return std::unexpected(refuse("read", path, 0, "it is no regular file"));
    if (auto trusted = checkStatus(status, path); !trusted)
        return std::unexpected(std::move(trusted.error()));
    std::string bytes(kMaximumBytes + 1, '\0');
    std::size_t filled = 0;
    while (filled < bytes.size()) {
        const ssize_t count = ::read(file.number(), bytes.data() + filled, bytes.size() - filled);
        if (count == 0)
            break;
        if (count > 0)
            filled += static_cast<std::size_t>(count);
        else if (errno != EINTR)
            return std::unexpected(refuse("read", path, errno));
    }
    if (filled > kMaximumBytes)
        return std::unexpected(refuse("read", path, 0, "it is larger than 1 MiB"));
    bytes.resize(filled);
    return bytes;
}

Result<void> checkTrusted(const std::string& path) {
    struct stat status;
    if (::stat(path.c_str(), &status) != 0)
        return std::unexpected(refuse("look at", path, errno));
    return checkStatus(status, path);
}

} // namespace hostcompat::input
