// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests whether guests can migrate between hosts, for pairs of hosts that were measured in the lab
// and for pairs that were not.
#include "driver/policy/arrival.hpp"
#include "driver/policy/test_hosts.hpp"

#include <gtest/gtest.h>

namespace hostcompat::policy {
namespace {

using enum Verdict;

PolicyHost host(const std::string& name, const std::string& model, unsigned level,
                model::ModeSet supported) {
    PolicyHost result = testHost(name, model, supported);
    result.level = level;
    result.nestedApi = model::NestedApi::v1;
    return result;
}

const PolicyHost kPower10 = host("a", "POWER10", 10, {9, 10});
const PolicyHost kPower10As9 = host("b", "POWER10", 9, {9});
const PolicyHost kPower9 = host("c", "POWER9", 9, {9});
const PolicyHost kPower11 = host("d", "POWER11", 11, {9, 10, 11});
const PolicyHost kPower11As10 = host("e", "POWER11", 10, {9, 10});

CheckAnswer checkArrival(const xml::Domain& domain, const PolicyHost* source,
                         const PolicyHost& target) {
    return arrivalOf(checkDomain(domain, target), domain, source, target);
}

Verdict unpinned(const PolicyHost& source, const PolicyHost& target) {
    return checkArrival(testGuest(""), &source, target).verdict;
}

TEST(Arrival, AGuestKeepsThePinnedModeWhereverItComesFrom) {
    for (const PolicyHost* source :
         {&kPower10, &kPower9, static_cast<const PolicyHost*>(nullptr)}) {
        EXPECT_EQ(checkArrival(testGuest(pinned("power9")), source, kPower10As9).verdict,
                  compatible);
        EXPECT_EQ(checkArrival(testGuest(pinned("power10")), source, kPower10As9).verdict,
                  incompatible);
    }
}

TEST(Arrival, AGuestKeepsTheModeThatItNegotiated) {
    const auto answer = checkArrival(testGuest(""), &kPower10, kPower10As9);
    EXPECT_EQ(answer.verdict, incompatible);
    EXPECT_EQ(answer.reason,
              "no mode is pinned: a guest that was started on a runs in power10, unless its "
              "own kernel is older, and keeps it; b supports power9");
    EXPECT_EQ(answer.remedy, "pin a mode that both hosts support, and restart the guest");
    EXPECT_EQ(unpinned(kPower10, kPower9), incompatible);
    EXPECT_EQ(unpinned(kPower10, kPower10), compatible);
    EXPECT_TRUE(checkArrival(testGuest(""), &kPower10, kPower10).warnings.empty());
}

TEST(Arrival, AGuestOfAPartitionInAnOlderModeKeepsTheProcessor) {
    EXPECT_EQ(unpinned(kPower10As9, kPower10), compatible);
    EXPECT_EQ(unpinned(kPower10As9, kPower10As9), compatible);
    EXPECT_EQ(unpinned(kPower10As9, kPower9), unknown);
    EXPECT_EQ(unpinned(kPower10As9, kPower11), unknown);
}

TEST(Arrival, WhatNobodySawIsUnknown) {
    EXPECT_EQ(unpinned(kPower9, kPower10), unknown);
    EXPECT_EQ(unpinned(kPower10, kPower11), unknown);
    // KVM stops such a guest when it starts, so it cannot be running there.
    EXPECT_EQ(unpinned(kPower11As10, kPower11), unknown);
    EXPECT_EQ(unpinned(kPower11, kPower11As10), incompatible);
    EXPECT_EQ(checkArrival(testGuest(""), nullptr, kPower10).verdict, unknown);
    // A document that does not list the mode of its own processor.
    PolicyHost partial = testHost("f", "POWER10", {9});
    partial.compat.known->refused = {};
    EXPECT_EQ(unpinned(kPower10, partial), unknown);
    EXPECT_EQ(unpinned(partial, kPower10), unknown);
    PolicyHost silent = kPower10;
    silent.compat = {.reason = "no KVM module is loaded"};
    EXPECT_EQ(unpinned(silent, kPower10), unknown);
    const auto toSilent = checkArrival(testGuest(""), &kPower10, silent);
    EXPECT_EQ(toSilent.verdict, unknown);
    EXPECT_NE(toSilent.reason.find("no KVM module is loaded"), std::string::npos);
}

TEST(Arrival, AGuestThatKvmDoesNotBindMovesAsItStarts) {
    EXPECT_EQ(checkArrival(testGuest("<cpu mode='custom'><model>POWER9</model></cpu>", "qemu"),
                           nullptr, kPower10)
                  .verdict,
              notApplicable);
}

} // namespace
} // namespace hostcompat::policy
