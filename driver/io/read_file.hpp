// SPDX-License-Identifier: LGPL-2.1-or-later
// Reads one input whole: a file, or standard input, and never more than an input may hold.
#pragma once

#include "driver/compat/error.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace hostcompat {

/// The largest input that is read, in bytes: 64 MiB. A usual capabilities document has 14 KiB.
inline constexpr std::size_t kMaximumInputBytes = std::size_t{64} << 20;

/// What a message calls an input: its path, printable on one line, or "standard input" for "-".
std::string inputName(std::string_view path);

/// Reads an input to its end.
///
/// @param path a path (relative to the working directory, or absolute), or "-" for standard input,
///             which is read and left open.
/// @return every byte of it. Errors, all with kind input and subject inputName(path): it cannot be
/// opened or
///         read (errorNumber is set), it is a folder, it is larger than kMaximumInputBytes.
Result<std::string> readInput(std::string_view path);

/// As readInput, into a buffer of the caller's, whose room is used again. After an error the
/// buffer's content is unspecified.
Result<void> readInputInto(std::string_view path, std::string& bytes);

} // namespace hostcompat
