// SPDX-License-Identifier: LGPL-2.1-or-later
// What most files include, compiled once for each target. A file still includes what it uses: the
// static build of CI is made without precompiled headers.
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>
