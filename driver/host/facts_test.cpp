// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests the host's facts, read from files recorded on real kernels and from broken ones.
#include "driver/host/device_tree.hpp"
#include "driver/host/facts.hpp"
#include "driver/host/files.hpp"
#include "driver/host/topology.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace hostcompat::host {
namespace {

namespace fs = std::filesystem;

fs::path rootOf(const std::string& host) {
    return fs::path(SOURCE_ROOT) / "xml-tests/records" / host / "root";
}

HostFacts recorded(const std::string& host) {
    const fs::path root = rootOf(host);
    const auto text = [&](const char* name) {
        return std::string(trim(readSmallFile(root / "proc/sys/kernel" / name).value_or("")));
    };
    return readHost(root, {.machine = "ppc64le", .release = text("osrelease")});
}

struct Recorded {
    const char* host;
    model::Platform platform;
    std::uint32_t pvr;
    const char* model;
    std::uint32_t cpuVersion;
    const char* effectiveMode;
    bool hvModule;
};

class RecordedHost : public testing::TestWithParam<Recorded> {};

TEST_P(RecordedHost, isUnderstood) {
    const Recorded& expected = GetParam();
    const HostFacts facts = recorded(expected.host);
    EXPECT_EQ(facts.identity.platform, expected.platform);
    EXPECT_EQ(facts.identity.pvr, expected.pvr);
    EXPECT_EQ(facts.identity.model, expected.model);
    EXPECT_EQ(facts.level.cpuVersion, expected.cpuVersion) << facts.level.problem;
    EXPECT_EQ(facts.level.problem, "");
    EXPECT_EQ(facts.identity.effectiveMode, expected.effectiveMode);
    EXPECT_EQ(facts.hvModule, expected.hvModule);
    const auto nodes = readTopology(rootOf(expected.host));
    ASSERT_FALSE(nodes.empty());
    EXPECT_FALSE(nodes.front().cpus.empty());
}

// The measured values of each host: raw processor and cpu-version.
INSTANTIATE_TEST_SUITE_P(
    Lab, RecordedHost,
    testing::Values(Recorded{"power9", model::Platform::pseries, 0x004e1200, "POWER9", 0x0f000005,
                             "power9", true},
                    Recorded{"power10", model::Platform::pseries, 0x00800200, "POWER10", 0x0f000006,
                             "power10", true},
                    Recorded{"power10-as-power9", model::Platform::pseries, 0x00800200, "POWER10",
                             0x0f000005, "power9", true},
                    Recorded{"power10-linux6.12", model::Platform::pseries, 0x00800200, "POWER10",
                             0x0f000006, "power10", true},
                    Recorded{"power10-no-nesting", model::Platform::pseries, 0x00800200, "POWER10",
                             0x0f000006, "power10", false},
                    Recorded{"power11", model::Platform::pseries, 0x00821200, "POWER11", 0x0f000007,
                             "power11", true},
                    Recorded{"powernv9", model::Platform::powernv, 0x004e1200, "POWER9", 0x004e1200,
                             "power9", true}));

TEST(RecordedHost, hasItsNumaNodes) {
    const auto nodes = readTopology(rootOf("power10-numa"));
    ASSERT_EQ(nodes.size(), 2U);
    EXPECT_EQ(nodes[0].cpus.size(), 2U);
    EXPECT_EQ(nodes[1].cpus.front().id, 2U);
    EXPECT_GT(nodes[1].memory.value_or(0), 0U);
}

/// A root folder that is created for one test.
class MadeHost : public testing::Test {
protected:
    MadeHost() {
        std::string name = (fs::temp_directory_path() / "hostcompat-XXXXXX").string();
        root_ = mkdtemp(name.data());
    }
    ~MadeHost() override {
        fs::remove_all(root_);
    }
    void write(const std::string& path, const std::string& content) const {
        fs::create_directories((root_ / path).parent_path());
        std::ofstream(root_ / path, std::ios::binary) << content;
    }
    void addCpuNode(const std::string& name, const std::string& version) const {
        write("proc/device-tree/cpus/" + name + "/device_type", std::string("cpu\0", 4));
        if (!version.empty())
            write("proc/device-tree/cpus/" + name + "/cpu-version", version);
    }
    HostFacts read(const std::string& machine = "ppc64le") const {
        return readHost(root_, {.machine = machine, .release = "7.3"});
    }
    fs::path root_;
};

const std::string kPower9("\x0f\x00\x00\x05", 4);
const std::string kPower10("\x0f\x00\x00\x06", 4);

TEST_F(MadeHost, thatShowsNothingIsStillAHost) {
    const HostFacts facts = read();
    EXPECT_EQ(facts.identity.arch, "ppc64le");
    EXPECT_EQ(facts.identity.kernel, "7.3");
    EXPECT_EQ(facts.identity.platform, model::Platform::other);
    EXPECT_FALSE(facts.identity.pvr.has_value());
    EXPECT_FALSE(facts.level.cpuVersion.has_value());
    EXPECT_EQ(facts.level.problem, "the device tree has no readable CPU node");
    EXPECT_TRUE(readTopology(root_).empty());
}

TEST_F(MadeHost, takesOnlyListsOfCpusIntoItsTopology) {
    const std::string siblings = "sys/devices/system/cpu/cpu0/topology/thread_siblings_list";
    write("sys/devices/system/cpu/online", "0\n");
    write(siblings, "0\n");
    auto nodes = readTopology(root_);
    ASSERT_EQ(nodes.size(), 1U);
    ASSERT_EQ(nodes[0].cpus.size(), 1U);
    EXPECT_EQ(nodes[0].cpus[0].siblings, "0");
    write(siblings, "0 \x87'/>\n");
    nodes = readTopology(root_);
    EXPECT_TRUE(nodes.empty() || nodes[0].cpus.empty());
}

TEST_F(MadeHost, thatIsNotPowerIsNotReadForPower) {
    write("proc/cpuinfo", "platform : pSeries\n");
    EXPECT_EQ(read("x86_64").identity.platform, model::Platform::other);
}

TEST_F(MadeHost, withSeveralEqualNodesHasTheirLevel) {
    addCpuNode("a", kPower9);
    addCpuNode("b", kPower9);
    write("proc/device-tree/cpus/cache/device_type", std::string("cache\0", 6));
    EXPECT_EQ(read().level.cpuVersion, 0x0f000005U);
}

TEST_F(MadeHost, isLookedAtInFoldersOnly) {
    addCpuNode("b", kPower9);
    addCpuNode("a", kPower9);
    write("proc/device-tree/cpus/#size-cells", std::string(4, '\0'));
    EXPECT_EQ(listSubfolders(root_ / "proc/device-tree/cpus"),
              (std::vector<std::string>{"a", "b"}));
    EXPECT_TRUE(listSubfolders(root_ / "nowhere").empty());
}

TEST_F(MadeHost, withContradictingNodesHasNoLevel) {
    addCpuNode("a", kPower9);
    addCpuNode("b", kPower10);
    const HostFacts facts = read();
    EXPECT_FALSE(facts.level.cpuVersion.has_value());
    EXPECT_EQ(facts.level.problem,
              "the device tree contradicts itself: cpu-version is 0x0f000005 in a "
              "and 0x0f000006 in b");
    EXPECT_EQ(facts.identity.effectiveMode, "");
}

TEST_F(MadeHost, withANodeThatLacksItHasNoLevel) {
    addCpuNode("a", kPower9);
    addCpuNode("b", "");
    EXPECT_EQ(read().level.problem, "the device tree's node b has no cpu-version");
}

TEST_F(MadeHost, withAShortPropertyHasNoLevel) {
    addCpuNode("a", "\x0f");
    EXPECT_EQ(read().level.problem,
              "the cpu-version of the device tree's node a has 1 bytes instead of 4");
}

TEST_F(MadeHost, prefersSysfsForTheDeviceTree) {
    addCpuNode("a", kPower9);
    write("sys/firmware/devicetree/base/cpus/a/device_type", std::string("cpu\0", 4));
    write("sys/firmware/devicetree/base/cpus/a/cpu-version", kPower10);
    EXPECT_EQ(read().level.cpuVersion, 0x0f000006U);
}

TEST_F(MadeHost, isNamedByTheDeviceTreeWithoutCpuinfo) {
    write("proc/device-tree/compatible", std::string("qemu,pseries\0", 13));
    EXPECT_EQ(read().identity.platform, model::Platform::pseries);
    write("proc/device-tree/compatible", std::string("x\0ibm,powernv\0", 14));
    EXPECT_EQ(read().identity.platform, model::Platform::powernv);
    write("proc/device-tree/compatible", std::string("IBM,9105-22A\0", 13));
    EXPECT_EQ(read().identity.platform, model::Platform::other);
    write("proc/device-tree/device_type", std::string("chrp\0", 5));
    EXPECT_EQ(read().identity.platform, model::Platform::pseries);
}

TEST_F(MadeHost, takesAPowerNvProcessorFromTheDeviceTree) {
    write("proc/cpuinfo", "platform\t: PowerNV\nrevision : unreadable\n");
    addCpuNode("a", std::string("\x00\x80\x12\x00", 4));
    const HostFacts facts = read();
    EXPECT_EQ(facts.identity.pvr, 0x00801200U);
    EXPECT_EQ(facts.identity.model, "POWER10");
    EXPECT_EQ(facts.identity.effectiveMode, "power10");
}

TEST_F(MadeHost, doesNotBelieveABrokenRevision) {
    for (const char* revision : {"2.0", "2.0 (pvr 0080)", "2.0 (pvr 00g0 0200)",
                                 "2.0 (pvr 00800200)", "2.0 (pvr 0080-0200)", ""}) {
        write("proc/cpuinfo", std::string("platform : pSeries\nrevision : ") + revision + "\n");
        EXPECT_FALSE(read().identity.pvr.has_value()) << revision;
    }
}

TEST_F(MadeHost, ofAnotherGenerationHasNoModel) {
    write("proc/cpuinfo", "revision : 2.1 (pvr 003f 0201)\nplatform : pSeries");
    const HostFacts facts = read();
    EXPECT_EQ(facts.identity.pvr, 0x003f0201U);
    EXPECT_EQ(facts.identity.model, "");
}

TEST_F(MadeHost, withoutNumaIsOneNode) {
    write("sys/devices/system/cpu/cpu0/topology/thread_siblings_list", "0\n");
    write("sys/devices/system/cpu/cpu0/topology/physical_package_id", "-1\n");
    write("sys/devices/system/cpu/cpu0/topology/core_id", "5\n");
    write("sys/devices/system/cpu/cpu1/online", "0\n");
    write("proc/meminfo", "MemTotal:      968132 kB\n");
    const auto nodes = readTopology(root_);
    ASSERT_EQ(nodes.size(), 1U);
    EXPECT_EQ(nodes[0].memory, 968132U);
    ASSERT_EQ(nodes[0].cpus.size(), 1U);
    EXPECT_EQ(nodes[0].cpus[0].coreId, 5U);
    EXPECT_EQ(nodes[0].cpus[0].socketId, 0U);
}

TEST_F(MadeHost, withoutPackageIdsHasItsNodes) {
    write("sys/devices/system/cpu/present", "0-5\n");
    write("sys/devices/system/cpu/online", "0-2,4\n");
    for (const unsigned cpu : {0U, 1U, 2U, 3U, 4U, 5U}) {
        const std::string name = "cpu" + std::to_string(cpu);
        const std::string node = cpu < 2 ? "node0" : "node1";
        write("sys/devices/system/node/" + node + "/" + name + "/online", "");
        if (cpu == 3 || cpu == 5)
            continue;
        write("sys/devices/system/cpu/" + name + "/topology/thread_siblings_list",
              std::to_string(cpu));
        write("sys/devices/system/cpu/" + name + "/topology/physical_package_id", "-1\n");
        write("sys/devices/system/cpu/" + name + "/topology/core_id", std::to_string(cpu));
    }
    write("sys/devices/system/node/node0/cpulist", "0-1\n");
    write("sys/devices/system/node/node1/cpulist", "2,4\n");
    const auto nodes = readTopology(root_);
    ASSERT_EQ(nodes.size(), 2U);
    EXPECT_EQ(nodes[0].cpus.size(), 2U);
    EXPECT_EQ(nodes[0].offline, 0U);
    EXPECT_EQ(nodes[1].cpus.size(), 2U);
    EXPECT_EQ(nodes[1].cpus[1].coreId, 4U);
    EXPECT_EQ(nodes[1].cpus[1].socketId, 0U);
    EXPECT_EQ(nodes[1].offline, 2U);
}

TEST_F(MadeHost, withASenselessCpuListHasNoTopology) {
    write("sys/devices/system/cpu/cpu0/topology/thread_siblings_list", "");
    for (const char* list : {"0-99999999999", "x", "3-", "5-1", "-"}) {
        write("sys/devices/system/node/node0/cpulist", list);
        EXPECT_TRUE(readTopology(root_).empty()) << list;
    }
}

} // namespace
} // namespace hostcompat::host
