// SPDX-License-Identifier: LGPL-2.1-or-later
// A domain document: the result of fit() is compatible, differs only in <cpu>, and stays the same
// if fit() runs again.
#include "driver/policy/check.hpp"
#include "driver/policy/fit.hpp"
#include "driver/validate/safe_parse.hpp"
#include "fuzz/modes.hpp"
#include "fuzz/require.hpp"

using namespace hostcompat;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Input input(data, size);
    const unsigned choice = input.choice();
    const std::string bytes = input.rest();
    const auto domain = xml::DomainDocument::read(bytes, "input");
    if (!domain)
        return 0;
    require(validate::parseSafely(bytes, "input").has_value(), "acts on what libxml2 refuses");

    policy::PolicyHost host{
        .name = "the host", .arch = "ppc64le", .model = "POWER10", .compat = {}};
    if ((choice & 0x40) == 0)
        host.compat.known = modesFrom(choice);
    else
        host.compat.reason = "nobody knows";
    const policy::CheckAnswer answer = policy::checkDomain(domain->domain(), host);
    require(!answer.reason.empty(), "a verdict without a reason");

    const policy::FitAnswer fit = policy::fitDomain(*domain, host);
    require((fit.verdict == hostcompat::policy::Verdict::compatible) == !fit.document.empty(),
            "a document without the verdict, or the other way round");
    if (fit.document.empty()) {
        require(!fit.reason.empty(), "a refusal without a reason");
        return 0;
    }
    require(validate::parseSafely(fit.document, "output").has_value(),
            "libxml2 refuses what was written");
    const auto after = xml::DomainDocument::read(fit.document, "output");
    require(after.has_value(), "pugixml refuses what was written");
    require(policy::checkDomain(after->domain(), host).verdict ==
                hostcompat::policy::Verdict::compatible,
            "check does not agree with fit");
    require(after->domain().cpu.model == fit.mode, "another mode is pinned than was said");
    require(policy::fitDomain(*after, host).document == fit.document, "twice is not as once");

    if (domain->cpu()) {
        const xml::ElementSpan from = domain->document().spanOf(domain->cpu());
        const xml::ElementSpan to = after->document().spanOf(after->cpu());
        require(bytes.substr(0, from.begin) == fit.document.substr(0, to.begin),
                "bytes before <cpu> change");
        require(bytes.substr(from.end) == fit.document.substr(to.end), "bytes behind <cpu> change");
    }
    return 0;
}
