// SPDX-License-Identifier: LGPL-2.1-or-later
// Prints, and notices when printing fails.
#include "tools/console.hpp"

#include "driver/input/descriptor.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <unistd.h>

namespace hostcompat::tools {

namespace {

void sayLine(std::string_view lead, std::string_view text) {
    sayOnStandardError(fmt::format("virt-host-compat: {}{}\n", lead, text));
}

} // namespace

void sayOnStandardError(std::string_view text) {
    input::writeWhole(STDERR_FILENO, text);
}

void Console::print(std::string_view text) {
    if (quiet_ || writeError_ != 0 || text.empty())
        return;
    errno = 0;
    if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size())
        writeError_ = errno != 0 ? errno : EIO;
}

void Console::warn(std::string_view text) {
    if (!quiet_)
        sayLine("warning: ", text);
}

void Console::refuse(std::string_view text) {
    if (!quiet_)
        sayLine("", text);
}

void Console::explain(std::string_view text) {
    if (!quiet_)
        sayOnStandardError(text);
}

Status Console::fail(const Error& error) {
    sayLine("", model::describe(error));
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
