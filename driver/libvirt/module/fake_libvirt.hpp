// SPDX-License-Identifier: LGPL-2.1-or-later
// The answers of the fake libvirt for tests, and what it received.
#pragma once

#include <string>
#include <vector>

struct FakeLibvirt {
    /// What virConnectGetCapabilities gives; null for a failure.
    const char* document = nullptr;
    /// What virConnectGetDomainCapabilities gives; null for a failure.
    const char* domainDocument = nullptr;
    /// What both comparisons give.
    int compared = 0;
    std::string uri = "qemu:///system";
    unsigned long version = 9'000'000;
    /// The lines that reached libvirt's log.
    std::vector<std::string> log;
    /// The message of the last error that was set.
    std::string error;
    int errorCode = 0;
};

FakeLibvirt& fakeLibvirt();
