// SPDX-License-Identifier: LGPL-2.1-or-later
// The common parts of the fuzz targets: checking conditions, and taking a choice from the input.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

/// Ends the process if a condition is false. The fuzzer then reports a finding.
inline void require(bool holds, const char* what) {
    if (holds)
        return;
    std::fprintf(stderr, "broken: %s\n", what);
    std::abort();
}

/// The input. Its first byte may be taken as a choice.
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
