// SPDX-License-Identifier: LGPL-2.1-or-later
// What the fuzz targets share: stating what must hold, and taking a choice off the input.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

/// Ends the process, which the fuzzer keeps as a finding, where something does not hold.
inline void require(bool holds, const char* what) {
    if (holds)
        return;
    std::fprintf(stderr, "broken: %s\n", what);
    std::abort();
}

/// The input, whose first byte may be taken off as a choice.
class Input {
public:
    Input(const std::uint8_t* data, std::size_t size)
        : rest_(reinterpret_cast<const char*>(data), size) {}

    unsigned choice() {
        if (rest_.empty())
            return 0;
        const auto byte = static_cast<unsigned char>(rest_.front());
        rest_.remove_prefix(1);
        return byte;
    }
    std::string rest() const {
        return std::string(rest_);
    }

private:
    std::string_view rest_;
};
