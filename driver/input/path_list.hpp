// SPDX-License-Identifier: LGPL-2.1-or-later
// A list of paths in a file or on standard input, read as it is needed.
#pragma once

#include "driver/model/error.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace hostcompat::input {

/// The paths of a list. Paths end with a line break, or with a NUL byte where the first one does
/// ("find -print0"); empty ones are ignored. One buffer is held, however long the list is.
class PathList {
public:
    /// @param source the list's path, or "-" for standard input.
    explicit PathList(std::string source);
    PathList(PathList&&) noexcept;
    PathList& operator=(PathList&&) noexcept;
    ~PathList();

    /// The next path; or an Error (kind input) where the list cannot be opened or read, after which
    /// it ends, or for an entry that is longer than any path can be, after which it goes on; or an
    /// Error (kind usage) where the list names nothing, after which it ends; or nothing at the end.
    std::optional<Result<std::string>> next();

private:
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace hostcompat::input
