// SPDX-License-Identifier: LGPL-2.1-or-later
// Closes descriptors, and opens files.
#include "driver/input/descriptor.hpp"

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

namespace hostcompat::input {

Descriptor Descriptor::standardInput() {
    Descriptor input(STDIN_FILENO);
    input.owned_ = false;
    return input;
}

Descriptor::Descriptor(Descriptor&& other) noexcept
    : number_(std::exchange(other.number_, -1)), owned_(other.owned_) {}

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
    if (this != &other) {
        close();
        number_ = std::exchange(other.number_, -1);
        owned_ = other.owned_;
    }
    return *this;
}

void Descriptor::close() {
    const int number = std::exchange(number_, -1);
    if (number < 0 || !owned_)
        return;
    const int kept = errno;
    ::close(number);
    errno = kept;
}

Descriptor openFile(const std::string& path, int flags) {
    int number;
    do {
        number = ::open(path.c_str(), flags | O_CLOEXEC);
    } while (number < 0 && errno == EINTR);
    return Descriptor(number);
}

Descriptor openInput(const std::string& path) {
    if (path == "-")
        return Descriptor::standardInput();
    Descriptor file = openFile(path, O_RDONLY | O_NOCTTY);
    if (file.number() == STDIN_FILENO)
        return Descriptor(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
    return file;
}

int writeWhole(int number, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t count = ::write(number, bytes.data(), bytes.size());
        if (count > 0)
            bytes.remove_prefix(static_cast<std::size_t>(count));
        else if (count == 0)
            return EIO; // errno is of an earlier call then
        else if (errno != EINTR)
            return errno;
    }
    return 0;
}

int readPieces(int number, const std::function<int(std::string_view)>& take) {
    std::string piece(std::size_t{1} << 16, '\0');
    for (off_t at = 0;;) {
        const ssize_t count = ::pread(number, piece.data(), piece.size(), at);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return count == 0 ? 0 : errno;
        if (const int end =
                take(std::string_view(piece).substr(0, static_cast<std::size_t>(count)));
            end != 0)
            return end;
        at += count;
    }
}

} // namespace hostcompat::input
