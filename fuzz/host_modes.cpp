// SPDX-License-Identifier: LGPL-2.1-or-later
// Several documents one after another: each is told, and read as it would be alone.
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
    // An instruction is no document, and the fast reading takes none.
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
