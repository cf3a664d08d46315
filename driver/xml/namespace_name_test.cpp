// SPDX-License-Identifier: LGPL-2.1-or-later
// Names of namespaces: what is taken here, libxml2 takes too.
#include "driver/xml/namespace_name.hpp"

#include <gtest/gtest.h>
#include <libxml/uri.h>

#include <memory>
#include <random>
#include <string>

namespace hostcompat {
namespace {

bool libxml2Takes(std::string value) {
    for (auto at = value.find("&amp;"); at != std::string::npos; at = value.find("&amp;", at + 1))
        value.replace(at, 5, "&");
    return std::unique_ptr<xmlURI, decltype(&xmlFreeURI)>(xmlParseURI(value.c_str()), xmlFreeURI) !=
           nullptr;
}

TEST(NamespaceName, isTakenWhereItIsUsual) {
    for (const char* name : {"", "urn:x", "http://libvirt.org/schemas/domain/qemu/1.0", "u",
                             "a/b?c#d", "http://host:8080/x", "urn:a&amp;b", "http://a/%20"})
        EXPECT_TRUE(isNamespaceName(name)) << name;
}

TEST(NamespaceName, isRefusedWhereItIsNoUri) {
    for (const char* name : {"p`artial", "%%", "a b", "1:x", ":x", "http://a:b/", "http://u@h/",
                             "a#b#c", "&lt;", "u&#x60;", "%4", "http://[::1]/", "\xc3\xa9"})
        EXPECT_FALSE(isNamespaceName(name)) << name;
}

TEST(NamespaceName, isNeverTakenAgainstLibxml2) {
    const std::string alphabet = "ab1:/?#%4@[]&;.- `";
    std::mt19937 random(7);
    unsigned taken = 0;
    for (int round = 0; round < 200000; ++round) {
        std::string name;
        for (auto left = random() % 10; left > 0; --left)
            name += alphabet[random() % alphabet.size()];
        if (!isNamespaceName(name) || name.empty())
            continue;
        ++taken;
        ASSERT_TRUE(libxml2Takes(name)) << name;
    }
    EXPECT_GT(taken, 10000U);
}

} // namespace
} // namespace hostcompat
