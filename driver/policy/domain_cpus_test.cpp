// SPDX-License-Identifier: LGPL-2.1-or-later
// A model is usable if guests that have it can run.
#include "driver/policy/domain_cpus.hpp"
#include "driver/policy/test_hosts.hpp"

#include <gtest/gtest.h>

namespace hostcompat::policy {
namespace {

const std::vector<std::string> kModels = {"POWER8", "POWER9", "POWER10", "POWER11"};
using Usable = std::map<std::string, bool>;

PolicyHost host(std::string model, model::ModeSet supported) {
    return testHost("the host", std::move(model), supported);
}

TEST(DomainCpus, OnlyTheHostsOwnModelRuns) {
    const auto answer = domainCpus(host("POWER10", {9, 10}), kModels);
    EXPECT_EQ(answer.modes, (model::ModeSet{9, 10}));
    EXPECT_EQ(
        answer.usable,
        (Usable{{"POWER8", false}, {"POWER9", false}, {"POWER10", true}, {"POWER11", false}}));
}

TEST(DomainCpus, NotWhereKvmStopsItsGuests) {
    EXPECT_FALSE(domainCpus(host("POWER11", {9, 10}), kModels).usable.at("POWER11"));
    EXPECT_TRUE(domainCpus(host("POWER11", {9, 10, 11}), kModels).usable.at("POWER11"));
}

TEST(DomainCpus, WhatIsNotKnownIsLeftOut) {
    PolicyHost unknown = host("POWER10", {});
    unknown.compat.known.reset();
    unknown.compat.reason = "no KVM module is loaded";
    const auto answer = domainCpus(unknown, kModels);
    EXPECT_TRUE(answer.modes.empty());
    EXPECT_FALSE(answer.usable.contains("POWER10"));
}

} // namespace
} // namespace hostcompat::policy
