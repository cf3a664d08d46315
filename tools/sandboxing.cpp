// SPDX-License-Identifier: LGPL-2.1-or-later
// Chooses the strictest sandbox in which a command can still read its inputs.
#include "tools/sandboxing.hpp"

#include "driver/sandbox/sandbox.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <iterator>

namespace hostcompat::tools {

namespace {

// Each name costs three system calls before the first document is read.
constexpr std::size_t kMostNames = 64;

Result<void> enter(sandbox::SandboxReach reach, const std::vector<std::string>& only) {
    if (auto entered = sandbox::enterSandbox(reach, only); !entered)
        return std::unexpected(std::move(entered.error()));
    return {};
}

/// Also true if stat(2) fails: the files below a folder must not be made unreadable by mistake.
bool mayBeFolder(const std::string& path) {
    struct stat status;
    return ::stat(path.c_str(), &status) != 0 ? errno != ENOENT : S_ISDIR(status.st_mode);
}

} // namespace

Result<void> seal(bool noSandbox) {
    return noSandbox ? Result<void>() : enter(sandbox::SandboxReach::sealed, {});
}

Result<void> restrictToInputs(const std::vector<std::string>& files, const std::string& list,
                              bool noSandbox) {
    if (noSandbox)
        return {};
    std::vector<std::string> names;
    std::ranges::copy_if(files, std::back_inserter(names),
                         [](const std::string& name) { return name != "-"; });
    if (names.empty() && list.empty())
        return seal(false);
    if (!list.empty() || names.size() > kMostNames || std::ranges::any_of(names, mayBeFolder))
        names.clear();
    return enter(sandbox::SandboxReach::reading, names);
}

} // namespace hostcompat::tools
