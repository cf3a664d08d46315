// SPDX-License-Identifier: LGPL-2.1-or-later
// What libvirt takes and refuses of <numa>: each shape was given to libvirt 9.0, 11.3 and 12.8,
// which agreed.
#include "driver/model/error.hpp"
#include "driver/policy/libvirt_rules.hpp"
#include "driver/xml/domain.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

namespace hostcompat::policy {

namespace {

/// The refusals of a domain of two vCPUs with this <numa>.
std::vector<Refusal> refusals(const std::string& numa) {
    auto document = xml::DomainDocument::read(
        "<domain type='qemu'><vcpu>2</vcpu><os><type arch='ppc64le'>hvm</type></os><cpu "
        "mode='custom'><model>POWER9</model><numa>" +
            numa + "</numa></cpu></domain>",
        "g.xml");
    if (!document)
        throw std::runtime_error(model::describe(document.error()));
    return refusedByLibvirt(document->domain());
}

/// Two cells with one CPU each; what is given stands in the first cell, and behind both.
std::string two(const std::string& inFirst, const std::string& behind = "") {
    return "<cell id='0' cpus='0' memory='524288'>" + inFirst +
           "</cell><cell id='1' cpus='1' memory='524288'/>" + behind;
}

std::string sibling(const std::string& id, const std::string& value) {
    return "<sibling id='" + id + "' value='" + value + "'/>";
}

std::string distances(const std::string& siblings) {
    return two("<distances>" + siblings + "</distances>");
}

std::string cache(const std::string& attributes,
                  const std::string& inside = "<size value='8' unit='KiB'/><line value='5'/>") {
    return "<cache " + attributes + ">" + inside + "</cache>";
}

constexpr const char* kCache = "level='1' associativity='direct' policy='writeback'";

std::string interconnects(const std::string& inside) {
    return "<interconnects>" + inside + "</interconnects>";
}

std::string latency(const std::string& attributes) {
    return interconnects("<latency " + attributes + "/>");
}

std::string bandwidth(const std::string& value) {
    return interconnects("<bandwidth initiator='0' target='0' type='access' " + value + "/>");
}

TEST(NumaRules, FollowTheDistances) {
    for (const std::string& siblings :
         {sibling("0", "10") + sibling("1", "20"), sibling("1", "255"), sibling("+1", "020"),
          sibling(" 1", " 20"), sibling("1", "20") + sibling("1", "30")})
        EXPECT_TRUE(refusals(distances(siblings)).empty()) << siblings;
    for (const std::string& siblings :
         {std::string(), std::string("x"), std::string("<x/>"),
          std::string("<sibling value='20'/>"), std::string("<sibling id='1'/>"),
          sibling("2", "20"), sibling("-1", "20"), sibling("0x1", "20"), sibling("1 ", "20"),
          sibling("", "20"), sibling("0", "11"), sibling("1", "10"), sibling("1", "9"),
          sibling("1", "256"), sibling("1", "x"), sibling("1", "20") + sibling("1", "5")})
        EXPECT_FALSE(refusals(distances(siblings)).empty()) << siblings;
    // The first <distances> counts.
    const std::string good = "<distances>" + sibling("1", "20") + "</distances>";
    const std::string bad = "<distances>" + sibling("1", "5") + "</distances>";
    EXPECT_TRUE(refusals(two(good + bad)).empty());
    EXPECT_FALSE(refusals(two(bad + good)).empty());
    EXPECT_TRUE(refusals(two("", bad)).empty());
}

TEST(NumaRules, FollowTheCaches) {
    for (const char* attributes : {kCache, "level='+1' associativity='none' policy='none'",
                                   "level=' 3' associativity='full' policy='writethrough'"})
        EXPECT_TRUE(refusals(two(cache(attributes))).empty()) << attributes;
    for (const char* attributes :
         {"", "level='0' associativity='direct' policy='writeback'",
          "level='4' associativity='direct' policy='writeback'",
          "level='-1' associativity='direct' policy='writeback'",
          "level='' associativity='direct' policy='writeback'",
          "level='4294967296' associativity='direct' policy='writeback'",
          "level='1' policy='writeback'", "level='1' associativity='x' policy='writeback'",
          "level='1' associativity='direct'", "level='1' associativity='direct' policy='x'"})
        EXPECT_FALSE(refusals(two(cache(attributes))).empty()) << attributes;
    for (const char* inside : {"<size value='8' unit='q'/><line value='5' unit='q'/>",
                               "<size value='0'/><line value='0'/>",
                               "<size value='8'/><size value='x'/><line value='5'/>",
                               "<size value='9007199254740991'/><line value=' +5'/>"})
        EXPECT_TRUE(refusals(two(cache(kCache, inside))).empty()) << inside;
    for (const char* inside :
         {"<line value='5'/>", "<size value='8'/>", "<size value='x'/><line value='5'/>",
          "<size value='-8'/><line value='5'/>", "<size value='8k'/><line value='5'/>",
          "<size value=''/><line value='5'/>", "<size unit='KiB'/><line value='5'/>",
          "<size value='9007199254740992'/><line value='5'/>"})
        EXPECT_FALSE(refusals(two(cache(kCache, inside))).empty()) << inside;
    EXPECT_FALSE(refusals(two(cache(kCache) + cache(kCache))).empty());
    EXPECT_TRUE(refusals(two(cache("level='3' associativity='full' policy='none'") + cache(kCache)))
                    .empty());
    EXPECT_TRUE(refusals(two("", "<cache/>")).empty());
}

TEST(NumaRules, FollowTheInterconnects) {
    for (const char* attributes :
         {"initiator='0' target='1' type='access' value='5'",
          "initiator=' 0' target='0' type='read' value='18446744073709551615'",
          "initiator='0' target='0' cache='0' type='write' value='+0' unit='q'",
          "initiator='1' target='0' cache='1' type='access' value='5'"})
        EXPECT_TRUE(refusals(two(cache(kCache), latency(attributes))).empty()) << attributes;
    for (const char* attributes :
         {"target='0' type='access' value='5'", "initiator='0' type='access' value='5'",
          "initiator='9' target='0' type='access' value='5'",
          "initiator='0' target='9' type='access' value='5'",
          "initiator='-1' target='0' type='access' value='5'",
          "initiator='0' target='x' type='access' value='5'", "initiator='0' target='0' value='5'",
          "initiator='0' target='0' type='none' value='5'",
          "initiator='0' target='0' type='access'",
          "initiator='0' target='0' type='access' value=''",
          "initiator='0' target='0' type='access' value='0x5'",
          "initiator='0' target='0' type='access' value='18446744073709551616'",
          "initiator='0' target='0' cache='2' type='access' value='5'",
          "initiator='0' target='1' cache='1' type='access' value='5'",
          "initiator='0' target='0' cache='x' type='access' value='5'"})
        EXPECT_FALSE(refusals(two(cache(kCache), latency(attributes))).empty()) << attributes;
    for (const char* value : {"value='204800' unit='KiB'", "value=' +5'", "value='0' unit='bytes'",
                              "value='5' unit=''", "value='9007199254740991'"})
        EXPECT_TRUE(refusals(two("", bandwidth(value))).empty()) << value;
    for (const char* value : {"", "value=''", "value='x'", "value='-5'", "value='5k'",
                              "value='5' unit='q'", "value='9007199254740992'"})
        EXPECT_FALSE(refusals(two("", bandwidth(value))).empty()) << value;
}

TEST(NumaRules, KnowWhatInterconnectsRefersTo) {
    const std::string one = "<latency initiator='0' target='0' type='access' value='5'/>";
    const std::string again = "<latency initiator='0' target='0' type='access' value='7'/>";
    const std::string other = "<latency initiator='0' target='0' type='read' value='5'/>";
    const std::string wide = "<bandwidth initiator='0' target='0' type='access' value='5'/>";
    EXPECT_FALSE(refusals(two("", interconnects(one + again))).empty());
    EXPECT_FALSE(refusals(two("", interconnects(wide + wide))).empty());
    EXPECT_TRUE(refusals(two("", interconnects(one + other + wide + "<x/>"))).empty());
    EXPECT_TRUE(refusals(two("", interconnects(""))).empty());
    // The first <interconnects> counts, wherever it stands.
    EXPECT_TRUE(refusals(two("", interconnects(one) + interconnects(one + again))).empty());
    EXPECT_TRUE(refusals(interconnects(one) + two("")).empty());
    const std::string memoryAlone = "<cell id='0' cpus='0-1' memory='524288'/><cell id='1' "
                                    "memory='524288'/>";
    EXPECT_TRUE(refusals(memoryAlone + latency("initiator='0' target='1' type='access' value='5'"))
                    .empty());
    EXPECT_FALSE(refusals(memoryAlone + latency("initiator='1' target='0' type='access' value='5'"))
                     .empty());
}

TEST(NumaRules, LimitTheMemoryOfACell) {
    const auto cell = [](const std::string& memory) {
        return "<cell id='0' cpus='0-1' memory=" + memory + "/>";
    };
    EXPECT_TRUE(refusals(cell("'9007199254478848'")).empty());
    EXPECT_FALSE(refusals(cell("'9007199254478849'")).empty());
    EXPECT_TRUE(refusals(cell("'9223372036586340352' unit='b'")).empty());
    EXPECT_FALSE(refusals(cell("'9223372036586340353' unit='b'")).empty());
}

TEST(NumaRules, NameTheCellAndTheValue) {
    const auto found = refusals(distances(sibling("1", "9")));
    ASSERT_EQ(found.size(), 1);
    EXPECT_EQ(found[0].reason,
              "libvirt refuses in <cell id='0'> the value '9' of <sibling id='1'>, as it is 10 for "
              "the cell itself and from 11 to 255 for others");
}

} // namespace

} // namespace hostcompat::policy
