// SPDX-License-Identifier: LGPL-2.1-or-later
// Owns a file descriptor, and opens files for reading.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace hostcompat::input {

/// A file descriptor that is closed at the end of its life. Moves, and cannot be copied.
class Descriptor {
public:
    Descriptor() = default;
    /// Takes ownership. A negative number, as a failed call returns it, owns nothing.
    explicit Descriptor(int number) : number_(number) {}
    /// Standard input, which stays open.
    static Descriptor standardInput();
    Descriptor(Descriptor&& other) noexcept;
    Descriptor& operator=(Descriptor&& other) noexcept;
    ~Descriptor() {
        close();
    }

    /// The number; negative where nothing is open.
    int number() const {
        return number_;
    }
    /// Whether a descriptor is open.
    explicit operator bool() const {
        return number_ >= 0;
    }
    /// Closes it now; nothing if none is open. Keeps errno.
    void close();

private:
    int number_ = -1;
    bool owned_ = true;
};

/// open(2), repeated where a signal interrupts it. Owns nothing if that fails, and errno says why.
/// `flags` are open's; O_CLOEXEC is added.
Descriptor openFile(const std::string& path, int flags);

/// Opens a file for reading, or takes standard input for "-". A file never gets the number of
/// standard input, even where the program was started without one, so that "-" always means
/// standard input. Owns nothing if that fails, and errno says why.
Descriptor openInput(const std::string& path);

/// Writes all of the bytes with write(2), again where a signal interrupts it or not all were taken.
/// Returns 0, or the errno with which it gave up.
int writeWhole(int number, std::string_view bytes);

/// Hands over the bytes of a file piece by piece, from its start, wherever the descriptor is.
///
/// @param take gets a piece; a number other than 0 that it returns ends the reading.
/// @return 0, the errno of a failed pread(2), or what take returned.
int readPieces(int number, const std::function<int(std::string_view)>& take);

} // namespace hostcompat::input
