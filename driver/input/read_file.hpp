// SPDX-License-Identifier: LGPL-2.1-or-later
// Reads one input whole: a file, or standard input, and never more than an input may hold.
#pragma once

#include "driver/model/error.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace hostcompat::input {

/// The largest input that is read, in bytes: 64 MiB. A usual capabilities document has 14 KiB.
inline constexpr std::size_t kMaximumInputBytes = std::size_t{64} << 20;

/// NUL bytes after the bytes that an InputReader returns, for readers that look ahead.
inline constexpr std::size_t kInputPadding = 64;

/// What a message calls an input: its path as it is, or "standard input" for "-".
std::string inputName(std::string_view path);

/// Reads an input to its end.
///
/// @param path a path (relative to the working directory, or absolute), or "-" for standard input,
///             which is read and left open.
/// @return every byte of it. Errors, all with kind input and subject inputName(path): it cannot be
/// opened or
///         read (errorNumber is set), it is a folder, it is larger than kMaximumInputBytes.
Result<std::string> readInput(std::string_view path);

/// Reads inputs one after another into one buffer, which is reused unless it is large. One for each
/// thread.
class InputReader {
public:
    /// As readInput(). A file that has the size which the system says is read with one call.
    ///
    /// @return the input's bytes, which stay until the next call; behind them lie kInputPadding
    /// NUL bytes.
    Result<std::string_view> read(std::string_view path);

private:
    friend Result<std::string> readInput(std::string_view path);
    /// Makes room for so many bytes and the padding; the first `kept` bytes stay.
    void grow(std::size_t room, std::size_t kept);

    std::string buffer_;
    std::size_t room_ = 0; ///< of buffer_, without the padding
};

} // namespace hostcompat::input
