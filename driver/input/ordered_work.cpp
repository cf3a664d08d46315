// SPDX-License-Identifier: LGPL-2.1-or-later
// Counts the processors that work can be spread over.
#include "driver/input/ordered_work.hpp"

#include <algorithm>
#include <sched.h>

namespace hostcompat::input {

unsigned usableProcessors() {
    cpu_set_t set;
    if (::sched_getaffinity(0, sizeof set, &set) == 0)
        return static_cast<unsigned>(CPU_COUNT(&set));
    return std::max(1U, std::thread::hardware_concurrency());
}

} // namespace hostcompat::input
