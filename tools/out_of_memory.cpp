// SPDX-License-Identifier: LGPL-2.1-or-later
// Ends the program with a constant message.
#include "tools/out_of_memory.hpp"

#include "tools/status.hpp"

#include <atomic>
#include <string_view>
#include <unistd.h>

namespace hostcompat::tools {

void outOfMemory() {
    constexpr std::string_view kMessage =
        "virt-host-compat: cannot continue: out of memory (ENOMEM); free memory and try again\n";
    // Two threads may run this at the same time, but one message is enough.
    static std::atomic_flag said;
    if (!said.test_and_set()) [[maybe_unused]]
        const auto written = ::write(STDERR_FILENO, kMessage.data(), kMessage.size());
    ::_exit(static_cast<int>(Status::system));
}

} // namespace hostcompat::tools
