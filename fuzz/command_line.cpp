// SPDX-License-Identifier: LGPL-2.1-or-later
// The command line of a process, or one that a daemon would use: the verdict has a reason, and
// quoting and splitting gives the same words again.
#include "driver/policy/check.hpp"
#include "fuzz/modes.hpp"
#include "fuzz/require.hpp"

using namespace hostcompat;

namespace {

/// Quotes the words for a shell.
std::string quoted(const policy::Arguments& words) {
    std::string line;
    for (const auto& word : words) {
        line += '\'';
        for (const char character : *word)
            line += character == '\'' ? std::string("'\\''") : std::string(1, character);
        line += "' ";
    }
    return line;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Input input(data, size);
    const unsigned choice = input.choice();
    const std::string bytes = input.rest();
    const bool ofProcess = (choice & 0x80) != 0;
    const policy::Arguments words = ofProcess ? policy::argumentsOf(bytes) : policy::wordsOf(bytes);
    require(policy::wordsOf(quoted(words)) == words, "quoted words are other words");

    policy::PolicyHost host{
        .name = "the host", .arch = "ppc64le", .model = "POWER10", .compat = {}};
    host.compat.known = modesFrom(choice);
    xml::Domain domain{.name = "g", .typeText = "kvm", .arch = "ppc64le"};
    domain.cpu.mode = xml::CpuMode::hostModel;
    domain.cpu.model = "power9";
    const policy::CommandLine line = policy::commandLineOf(words);
    const policy::CheckAnswer answer = policy::checkCommandLine(
        domain, line, ofProcess ? policy::CommandLineOf::process : policy::CommandLineOf::daemon,
        host);
    require(!answer.reason.empty(), "a verdict without a reason");
    require(answer.mode.empty() || answer.mode == line.mode, "a mode that nobody named");
    return 0;
}
