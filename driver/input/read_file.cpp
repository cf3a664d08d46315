// SPDX-License-Identifier: LGPL-2.1-or-later
// Reads one whole input. The size limit applies while reading, so that an endless stream is
// stopped, too.
#include "driver/input/read_file.hpp"

#include "driver/input/descriptor.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <poll.h>
#include <unistd.h>
#include <utility>

namespace hostcompat::input {

namespace {

// Large enough for most documents, so that the buffer rarely grows.
constexpr std::size_t kUsualRoom = std::size_t{256} << 10;
// A larger buffer is freed before the next input, so that no thread keeps a huge one.
constexpr std::size_t kKeptRoom = std::size_t{1} << 20;

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
        // In a list, a name with this ending means a document (Inputs).
        return inputError(path, "read", 0, "it is a folder",
                          path.ends_with(".xml")
                              ? "name a file in it, or in a list the folder with a / at its end"
                              : "name a file in it");
    return inputError(path, "read", errorNumber);
}

/// Waits until there is data to read, or the end. An error is reported by the next read.
void waitFor(const Descriptor& input) {
    pollfd wanted{.fd = input.number(), .events = POLLIN, .revents = 0};
    ::poll(&wanted, 1, -1);
}

} // namespace

std::string inputName(std::string_view path) {
    return path == "-" ? "standard input" : std::string(path);
}

void InputReader::grow(std::size_t room, std::size_t kept) {
    // The buffer is not cleared, which would take longer than reading most files.
    const auto untouched = [](char*, std::size_t size) { return size; };
    if (kept == 0)
        buffer_ = std::string();
    buffer_.resize_and_overwrite(room + kInputPadding, untouched);
    room_ = room;
}

Result<std::string_view> InputReader::read(std::string_view path) {
    if (path.find('\0') != std::string_view::npos)
        return std::unexpected(inputError(path, "open", 0, "the name contains a NUL byte"));
    if (path.empty())
        return std::unexpected(inputError(path, "open an input", 0, "its name is empty"));
    const Descriptor input = openInput(std::string(path));
    if (!input)
        return std::unexpected(inputError(path, "open", errno));

    // Read one byte more than the limit, to distinguish an input of exactly the limit from a larger
    // one.
    constexpr std::size_t kMostRoom = kMaximumInputBytes + 1;
    struct stat status;
    std::size_t expected = 0; // not known, as of what is no file or has no content of its own
    const bool isFile = ::fstat(input.number(), &status) == 0 && S_ISREG(status.st_mode);
    if (isFile) {
        expected = static_cast<std::size_t>(status.st_size);
        if (expected > kMaximumInputBytes)
            return std::unexpected(tooLarge(path));
    }
    if (room_ <= expected || room_ > kKeptRoom)
        grow(std::max(expected + 1, kUsualRoom), 0);
    std::size_t filled = 0;
    do {
        if (filled == room_) {
            if (filled == kMostRoom)
                return std::unexpected(tooLarge(path));
            grow(std::min(room_ * 2, kMostRoom), filled);
        }
        const ssize_t count = ::read(input.number(), buffer_.data() + filled, room_ - filled);
        if (count == 0)
            break;
        if (count > 0)
            filled += static_cast<std::size_t>(count);
        else if (errno == EAGAIN && !isFile)
            waitFor(input);
        else if (errno != EINTR)
            return std::unexpected(readFailure(path, errno));
    } while (filled == 0 || filled != expected);
    std::memset(buffer_.data() + filled, 0, kInputPadding);
    return std::string_view(buffer_.data(), filled);
}

Result<std::string> readInput(std::string_view path) {
    InputReader reader;
    const auto bytes = reader.read(path);
    if (!bytes)
        return std::unexpected(bytes.error());
    reader.buffer_.resize(bytes->size());
    return std::move(reader.buffer_);
}

} // namespace hostcompat::input
