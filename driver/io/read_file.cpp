// SPDX-License-Identifier: LGPL-2.1-or-later
// Reads one input whole, with a limit that holds while reading, so that an endless stream ends too.
#include "driver/io/read_file.hpp"

#include "driver/io/descriptor.hpp"
#include "driver/io/utf8.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <unistd.h>

namespace hostcompat {

namespace {

// Room for a usual document, so that it takes one read and one more that finds the end.
constexpr std::size_t kFirstRead = 32768;

Error inputError(std::string_view path, std::string action, int errorNumber,
                 std::string reason = {}, std::string remedy = {}) {
    return {.kind = ErrorKind::input,
            .action = std::move(action),
            .subject = inputName(path),
            .line = 0,
            .errorNumber = errorNumber,
            .reason = std::move(reason),
            .remedy = std::move(remedy)};
}

Error tooLarge(std::string_view path) {
    return inputError(path, "read", 0, "it is larger than 64 MiB");
}

Error readFailure(std::string_view path, int errorNumber) {
    if (errorNumber == EISDIR)
        return inputError(path, "read", 0, "it is a folder", "name a file in it");
    return inputError(path, "read", errorNumber);
}

} // namespace

std::string inputName(std::string_view path) {
    return path == "-" ? "standard input" : printable(path);
}

Result<void> readInputInto(std::string_view path, std::string& bytes) {
    if (path.find('\0') != std::string_view::npos)
        return std::unexpected(inputError(path, "open", 0, "the name contains a NUL byte"));
    const Descriptor input = openInput(std::string(path));
    if (!input)
        return std::unexpected(inputError(path, "open", errno));

    // One byte more than the limit, so that an input of exactly the limit is told from a larger
    // one.
    constexpr std::size_t kRoom = kMaximumInputBytes + 1;
    struct stat status;
    std::size_t expected = kFirstRead;
    if (::fstat(input.number(), &status) == 0 && S_ISREG(status.st_mode)) {
        if (static_cast<std::size_t>(status.st_size) > kMaximumInputBytes)
            return std::unexpected(tooLarge(path));
        expected = std::max(expected, static_cast<std::size_t>(status.st_size) + 1);
    }

    bytes.resize(std::min(expected, kRoom));
    std::size_t filled = 0;
    for (;;) {
        if (filled == bytes.size()) {
            if (filled == kRoom)
                return std::unexpected(tooLarge(path));
            bytes.resize(std::min(bytes.size() * 2, kRoom));
        }
        const ssize_t count = ::read(input.number(), bytes.data() + filled, bytes.size() - filled);
        if (count == 0)
            break;
        if (count > 0)
            filled += static_cast<std::size_t>(count);
        else if (errno != EINTR)
            return std::unexpected(readFailure(path, errno));
    }
    bytes.resize(filled);
    return {};
}

Result<std::string> readInput(std::string_view path) {
    std::string bytes;
    if (auto read = readInputInto(path, bytes); !read)
        return std::unexpected(std::move(read.error()));
    return bytes;
}

} // namespace hostcompat
