// SPDX-License-Identifier: LGPL-2.1-or-later
// The input of the start hook: it refuses only incompatible guests, and prints one printable line.
#include "driver/libvirt/start_hook.hpp"
#include "driver/policy/check.hpp"
#include "driver/text/utf8.hpp"
#include "driver/validate/safe_parse.hpp"
#include "fuzz/modes.hpp"
#include "fuzz/require.hpp"

#include <algorithm>

using namespace hostcompat;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Input input(data, size);
    const unsigned choice = input.choice();
    const std::string bytes = input.rest();

    // The first line is also used as the operation's name. The hook decides only for these three
    // operations.
    const std::string operation = bytes.substr(0, bytes.find('\n'));
    require(libvirt::hookDecides(operation, "begin") ==
                (operation == "prepare" || operation == "migrate" || operation == "restore"),
            "another operation than those that start a guest decides");
    require(!libvirt::hookDecides(operation, "end"), "the end of an operation decides");

    policy::PolicyHost host{
        .name = "the host", .arch = "ppc64le", .model = "POWER10", .compat = {}};
    host.compat.reason = "nobody knows";
    const auto domain = xml::DomainDocument::read(bytes, "input");
    // Some domains cannot run on any host. A host whose modes are unknown refuses only those.
    const std::string always = libvirt::hookRefusal(bytes, "prepare", host);
    host.compat.known = modesFrom(choice);
    const std::string refusal = libvirt::hookRefusal(bytes, "prepare", host);
    if (!domain) {
        require(always.empty() && refusal.empty(), "refuses a document that it cannot read");
        return 0;
    }
    require(validate::parseSafely(bytes, "input").has_value(), "acts on what libxml2 refuses");
    require(refusal.empty() == (policy::checkDomain(domain->domain(), host).verdict !=
                                policy::Verdict::incompatible),
            "the hook and check differ");
    require(always.empty() || !refusal.empty(), "an unknown host refuses what a known one takes");
    // As the program prints it.
    require(std::ranges::none_of(text::outputLine(refusal),
                                 [](char character) {
                                     return static_cast<unsigned char>(character) < ' ' ||
                                            character == 127;
                                 }),
            "a refusal that is not one printable line");
    return 0;
}
