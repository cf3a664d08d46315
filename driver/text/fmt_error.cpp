// SPDX-License-Identifier: LGPL-2.1-or-later
// The destructor of fmt's exception, which is declared in the headers and defined in libfmt (up to
// fmt 10.0).
//
// It is not in fmt.cpp because it is inline with FMT_HEADER_ONLY, and clang then omits the symbol
// that other files need.
#include <fmt/format.h>

#if FMT_VERSION < 100100
fmt::format_error::~format_error() noexcept = default;
#endif
