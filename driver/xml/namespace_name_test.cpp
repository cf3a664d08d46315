// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests that libxml2 accepts every name of a namespace that is accepted here.
#include "driver/validate/safe_parse.hpp"
#include "driver/xml/namespace_name.hpp"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <string>
#include <string_view>

namespace hostcompat::xml {
namespace {

/// Asks libxml2's parser, because what it makes of a reference is part of its verdict.
bool libxml2Takes(const std::string& value) {
    return validate::parseSafely("<a xmlns='" + value + "'/>", "input").has_value();
}

TEST(NamespaceName, isTakenWhereItIsUsual) {
    for (const char* name : {"", "urn:x", "http://libvirt.org/schemas/domain/qemu/1.0", "u",
                             "a/b?c#d", "http://host:8080/x", "urn:a&amp;b", "http://a/%20"})
        EXPECT_TRUE(isNamespaceName(name)) << name;
}

TEST(NamespaceName, isRefusedWhereItIsNoUri) {
    for (const char* name :
         {"p`artial", "%%", "a b", "1:x", ":x", "http://a:b/", "http://u@h/", "a#b#c", "a&amp;b#c",
          "a&amp;b&amp;c", "&lt;", "u&#x60;", "%4", "http://[::1]/", "\xc3\xa9"})
        EXPECT_FALSE(isNamespaceName(name)) << name;
}

TEST(NamespaceName, isNeverTakenAgainstLibxml2) {
    constexpr auto parts =
        std::to_array<std::string_view>({"a", "b", "1", ":", "/", "?", "#", "%4", "%41", "@", "[",
                                         "]", "&amp;", ";", ".", "-", " ", "`"});
    std::mt19937 random(7);
    unsigned taken = 0;
    for (int round = 0; round < 200000; ++round) {
        std::string name;
        for (auto left = random() % 10; left > 0; --left)
            name += parts.at(random() % parts.size());
        if (!isNamespaceName(name))
            continue;
        ++taken;
        ASSERT_TRUE(libxml2Takes(name)) << name;
    }
    EXPECT_GT(taken, 10000U);
}

} // namespace
} // namespace hostcompat::xml
