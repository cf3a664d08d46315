// SPDX-License-Identifier: LGPL-2.1-or-later
// A JSON record: a record that was read can be written and read again without a change.
#include "driver/answer/record.hpp"

#include "fuzz/require.hpp"

using namespace hostcompat;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto record = answer::parseRecord(Input(data, size).rest(), "input");
    if (!record) {
        require(record.error().kind == ErrorKind::input, "an input's fault is called another's");
        return 0;
    }
    const std::string written = answer::writeRecord(*record);
    const auto again = answer::parseRecord(written, "output");
    require(again.has_value(), "what was written is refused");
    require(*again == *record, "something else is read than was written");
    require(answer::writeRecord(*again) == written, "twice is not as once");
    return 0;
}
