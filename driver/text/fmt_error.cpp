// SPDX-License-Identifier: LGPL-2.1-or-later
// The destructor of fmt's exception, which its headers declare and libfmt has (up to fmt 10).
//
// Not in fmt.cpp: with FMT_HEADER_ONLY it is inline, and clang then leaves out the symbol that
// others refer to.
#include <fmt/format.h>

#if FMT_VERSION < 110000
fmt::format_error::~format_error() noexcept = default;
#endif
