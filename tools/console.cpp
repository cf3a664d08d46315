// SPDX-License-Identifier: LGPL-2.1-or-later
// Prints, and detects write errors.
#include "tools/console.hpp"

#include "driver/input/descriptor.hpp"
#include "driver/text/utf8.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <unistd.h>

namespace hostcompat::tools {

void Console::sayOnStandardError(std::string_view line) {
    input::writeWhole(STDERR_FILENO, text::outputLine(line) + "\n");
}

void Console::printLine(std::string_view line) {
    printExact(text::outputLine(line) + "\n");
}

void Console::printExact(std::string_view bytes) {
    if (quiet_ || writeError_ != 0 || bytes.empty())
        return;
    errno = 0;
    if (std::fwrite(bytes.data(), 1, bytes.size(), stdout) != bytes.size())
        writeError_ = errno != 0 ? errno : EIO;
}

void Console::warn(std::string_view text) {
    if (!quiet_)
        sayOnStandardError(fmt::format("virt-host-compat: warning: {}", text));
}

void Console::refuse(std::string_view text) {
    if (!quiet_)
        sayOnStandardError(fmt::format("virt-host-compat: {}", text));
}

void Console::explain(std::string_view line) {
    if (!quiet_)
        sayOnStandardError(line);
}

Status Console::fail(const Error& error) {
    sayOnStandardError(fmt::format("virt-host-compat: {}", model::describe(error)));
    return statusOf(error);
}

Status Console::finish(Status status) {
    errno = 0;
    if (std::fflush(stdout) != 0 && writeError_ == 0)
        writeError_ = errno != 0 ? errno : EIO;
    if (writeError_ == 0)
        return status;
    return worse(status, fail({.kind = ErrorKind::system,
                               .action = "write the whole answer to",
                               .subject = "standard output",
                               .errorNumber = writeError_,
                               .remedy = "what was written is incomplete"}));
}

} // namespace hostcompat::tools
