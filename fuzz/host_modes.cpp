// SPDX-License-Identifier: LGPL-2.1-or-later
// Several documents in one input: each one is reported, with the same result as alone.
#include "driver/xml/host_modes.hpp"

#include "fuzz/require.hpp"

using namespace hostcompat;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string bytes = Input(data, size).rest();
    const auto alone = xml::readHostModes(bytes, "input");
    require(!alone.empty(), "an input without an answer");
    for (const auto& host : alone)
        require(host || host.error().kind == ErrorKind::input,
                "an input's fault is called another's");
    // A processing instruction is not a document, and makes the fast scan give up.
    const auto slow = xml::readHostModes(bytes + "<?slow?>", "input");
    bool sound = true;
    for (const auto& host : alone)
        sound = sound && host;
    if (!sound)
        return 0;
    require(slow.size() == alone.size(), "the slow reading counts otherwise");
    for (std::size_t i = 0; i < alone.size(); ++i)
        require(slow[i] && slow[i]->supported == alone[i]->supported,
                "the slow reading has other modes");
    return 0;
}
