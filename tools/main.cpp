// SPDX-License-Identifier: LGPL-2.1-or-later
// The program virt-host-compat: lists its commands, and runs the chosen one.
#include "driver/xml/pugixml_memory.hpp"
#include "tools/command.hpp"
#include "tools/options.hpp"
#include "tools/out_of_memory.hpp"

#include <array>
#include <exception>
#include <new>

namespace {

using namespace hostcompat;
using namespace hostcompat::tools;

/// The commands in the order of the help.
constexpr auto kEntries = std::to_array<CommandEntry>({
    {"show", addShow},
    {"capabilities", addCapabilities},
    {"domcapabilities", addDomainCapabilities},
    {"validate", addValidate},
    {"check", addCheck},
    {"fit", addFit},
    {"baseline", addBaseline},
    {"compare", addCompare},
    {"survey", addSurvey},
    {"publish", addPublish},
    {"daemon", addDaemon},
    {"hook", addHook},
    {"doctor", addDoctor},
});

Status run(int argc, char** argv, Console& console) {
    const auto wish = understand(argc, argv, kEntries);
    if (!wish)
        return console.fail(wish.error());
    if (wish->action)
        return wish->action(console);
    console.printExact(wish->text);
    return Status::yes;
}

} // namespace

int main(int argc, char** argv) {
    std::set_new_handler(outOfMemory);
    xml::stopOnPugixmlMemoryFailure(outOfMemory);
    Console console;
    Status status = Status::system;
    try {
        status = run(argc, argv, console);
    } catch (const std::bad_alloc&) {
        outOfMemory();
    } catch (const std::exception& exception) {
        status = console.fail({.kind = ErrorKind::system,
                               .action = "continue",
                               .reason = exception.what(),
                               .remedy = "free memory and try again"});
    }
    return static_cast<int>(console.finish(status));
}
