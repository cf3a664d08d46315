// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests properties that hold for any set of hosts, with random hosts.
//
// The seed is fixed, so that a failure can be reproduced. VIRT_HOST_COMPAT_ROUNDS sets the number
// of rounds, VIRT_HOST_COMPAT_SEED another seed.
#include "driver/policy/baseline.hpp"
#include "driver/policy/fit.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdlib>
#include <random>

namespace hostcompat::policy {
namespace {

unsigned long setting(const char* name, unsigned long otherwise) {
    const char* text = std::getenv(name);
    return text ? std::strtoul(text, nullptr, 10) : otherwise;
}

constexpr std::array kPower12{model::ProcessorVersion{0x00830000, 0xffff0000}};
constexpr std::array kPower13{model::ProcessorVersion{0x00840000, 0xffff0000}};

struct Host {
    std::string name;
    model::ModeSet supported;
};

class Properties : public testing::Test {
protected:
    Properties() : random_(setting("VIRT_HOST_COMPAT_SEED", 20260607)) {
        // A table with more generations than exist: the properties do not depend on their number.
        table_.assign(model::modeTable().begin(), model::modeTable().end());
        table_.push_back({12, "power12", "POWER12", kPower12, 0x0f000008, 1ULL << 59});
        table_.push_back({13, "power13", "POWER13", kPower13, 0x0f000009, 0});
    }

    std::uint64_t below(std::uint64_t limit) {
        return std::uniform_int_distribution<std::uint64_t>(0, limit - 1)(random_);
    }

    /// A random subset of five modes, two of which are not in this version's table.
    model::ModeSet someModes() {
        model::ModeSet modes;
        for (unsigned number = 9; number <= 13; ++number)
            if (below(2) == 0)
                modes.insert(number);
        return modes;
    }

    std::vector<Host> hosts() {
        std::vector<Host> result(1 + below(8));
        const bool generous = below(2) == 0; // so that many sets have a common mode
        for (std::size_t i = 0; i < result.size(); ++i) {
            result[i] = {"host-" + std::to_string(i), someModes()};
            if (generous)
                result[i].supported = result[i].supported | someModes();
        }
        return result;
    }

    static Baseline baselineOf(const std::vector<Host>& hosts) {
        Baseline baseline;
        for (const Host& host : hosts)
            baseline.add(host.name, host.supported);
        return baseline;
    }

    static unsigned long rounds() {
        return setting("VIRT_HOST_COMPAT_ROUNDS", 20'000);
    }

    std::mt19937_64 random_;
    std::vector<model::Mode> table_;
};

TEST_F(Properties, baselineIsSupportedByAllAndNoneNewerIs) {
    unsigned long withMode = 0;
    for (unsigned long round = 0; round < rounds(); ++round) {
        const auto all = hosts();
        const Baseline baseline = baselineOf(all);
        const unsigned newest = baseline.common().newest();
        const auto byAll = [&](unsigned mode) {
            return std::ranges::all_of(
                all, [&](const Host& host) { return host.supported.contains(mode); });
        };
        withMode += newest != 0;
        ASSERT_TRUE(newest == 0 || byAll(newest));
        for (unsigned mode = newest + 1; mode < model::ModeSet::kEnd; ++mode)
            ASSERT_FALSE(byAll(mode)) << mode;
    }
    // Both outcomes must occur often.
    EXPECT_GT(withMode, rounds() / 10);
    EXPECT_LT(withMode, rounds() - rounds() / 10);
}

TEST_F(Properties, orderDoesNotMatter) {
    for (unsigned long round = 0; round < rounds(); ++round) {
        auto all = hosts();
        const Baseline before = baselineOf(all);
        std::ranges::shuffle(all, random_);
        const Baseline after = baselineOf(all);
        ASSERT_EQ(before.common(), after.common());
        for (const model::Mode& mode : table_) {
            ASSERT_EQ(before.lacking(mode.number).count, after.lacking(mode.number).count);
            ASSERT_EQ(before.lacking(mode.number).names, after.lacking(mode.number).names);
        }
        ASSERT_EQ(before.explanation().size(), after.explanation().size());
        for (std::size_t i = 0; i < before.explanation().size(); ++i)
            ASSERT_EQ(before.explanation()[i].name, after.explanation()[i].name);
    }
}

TEST_F(Properties, aFurtherHostNeverMakesItNewer) {
    for (unsigned long round = 0; round < rounds(); ++round) {
        auto all = hosts();
        const unsigned before = baselineOf(all).common().newest();
        all.push_back({"further", someModes()});
        ASSERT_LE(baselineOf(all).common().newest(), before);
    }
}

TEST_F(Properties, explanationIsRightAndNoneIsSmaller) {
    for (unsigned long round = 0; round < rounds() / 10; ++round) {
        const auto all = hosts();
        const auto explanation = baselineOf(all).explanation();
        if (explanation.empty())
            continue;
        model::ModeSet left = model::allModes(table_);
        for (const HostAndModes& host : explanation) {
            const auto known = std::ranges::find(all, host.name, &Host::name);
            ASSERT_NE(known, all.end());
            ASSERT_EQ(known->supported, host.supported);
            left = left & host.supported;
        }
        ASSERT_TRUE(left.empty());
        for (std::uint64_t subset = 0; subset < 1ULL << all.size(); ++subset) {
            if (static_cast<std::size_t>(std::popcount(subset)) >= explanation.size())
                continue;
            model::ModeSet common = model::allModes(table_);
            for (std::size_t i = 0; i < all.size(); ++i)
                if ((subset >> i & 1U) != 0)
                    common = common & all[i].supported;
            ASSERT_FALSE(common.empty());
        }
    }
}

TEST_F(Properties, fitThenCheckIsCompatibleAndFitTwiceIsFitOnce) {
    const std::vector<std::string> cpus = {
        "",
        "<cpu/>",
        "<cpu mode='host-model'/>",
        "<cpu mode='host-passthrough' migratable='on'/>",
        "<cpu mode='maximum'/>",
        "<cpu mode='wrong'/>",
        "<cpu mode='host-model'><model>POWER9</model></cpu>",
        "<cpu mode='host-model'>\n <model>power13</model>\n</cpu>",
        "<cpu mode='custom' match='minimum' check='full'><model "
        "fallback='allow'>POWER8_v1.0</model>"
        "<vendor>IBM</vendor><topology sockets='1' cores='1' threads='1'/></cpu>"};
    unsigned long fitted = 0;
    for (unsigned long round = 0; round < rounds(); ++round) {
        const model::Mode& processor = table_[below(table_.size())];
        const model::ModeSet supported = someModes() & model::modesUpTo(processor.number);
        const PolicyHost host{.name = "the host",
                              .arch = "ppc64le",
                              .model = std::string(processor.cpuModel),
                              .compat = {.known = model::KnownCompat{
                                             .supported = supported,
                                             .refused = model::allModes(table_) - supported}}};
        const std::string space = below(2) == 0 ? "\n  " : "";
        const auto document = xml::DomainDocument::read(
            "<domain type='kvm'>" + space +
                "<os><type arch='ppc64le' machine='pseries'>hvm</type></os>" + space +
                cpus[below(cpus.size())] + "</domain>",
            "g.xml");
        ASSERT_TRUE(document);
        const unsigned wished = below(2) == 0 ? table_[below(table_.size())].number : 0;
        const FitAnswer fit = fitDomain(*document, host, {.mode = wished}, nullptr, table_);
        const bool possible = wished != 0 ? supported.contains(wished) : !supported.empty();
        ASSERT_EQ(fit.verdict == Verdict::compatible, possible) << fit.reason;
        if (!possible)
            continue;
        ++fitted;
        const auto again = xml::DomainDocument::read(fit.document, "fit.xml");
        ASSERT_TRUE(again) << fit.document;
        const CheckAnswer check = checkDomain(again->domain(), host, nullptr, table_);
        ASSERT_EQ(check.verdict, Verdict::compatible) << check.reason;
        ASSERT_EQ(check.mode, fit.mode);
        ASSERT_EQ(fitDomain(*again, host, {.mode = wished}, nullptr, table_).document,
                  fit.document);
    }
    EXPECT_GT(fitted, rounds() / 4);
}

} // namespace
} // namespace hostcompat::policy
