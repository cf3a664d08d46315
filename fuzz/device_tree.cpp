// SPDX-License-Identifier: LGPL-2.1-or-later
// A host's files with arbitrary content: the record can be written and read, and the document can
// be parsed.
//
// The input is a list of files: one byte selects the file, one byte is its length, and its content
// follows.
#include "driver/answer/checks.hpp"
#include "driver/answer/record.hpp"
#include "driver/answer/resolve.hpp"
#include "driver/host/facts.hpp"
#include "driver/host/topology.hpp"
#include "driver/validate/safe_parse.hpp"
#include "driver/xml/capabilities.hpp"
#include "fuzz/require.hpp"

#include <array>
#include <filesystem>
#include <fstream>
#include <unistd.h>

using namespace hostcompat;

namespace {

constexpr std::array kFiles = {
    "proc/cpuinfo",
    "proc/device-tree/compatible",
    "proc/device-tree/cpus/PowerPC,POWER10@0/cpu-version",
    "proc/device-tree/cpus/PowerPC,POWER10@0/device_type",
    "proc/device-tree/cpus/PowerPC,POWER10@8/cpu-version",
    "proc/device-tree/cpus/PowerPC,POWER10@8/device_type",
    "sys/firmware/devicetree/base/compatible",
    "sys/module/kvm_hv/initstate",
    "sys/devices/system/cpu/online",
    "sys/devices/system/cpu/cpu0/online",
    "sys/devices/system/cpu/cpu0/topology/core_id",
    "sys/devices/system/cpu/cpu0/topology/physical_package_id",
    "sys/devices/system/cpu/cpu0/topology/thread_siblings_list",
    "sys/devices/system/node/online",
    "sys/devices/system/node/node0/cpulist",
    "sys/devices/system/node/node0/meminfo",
    "sys/devices/system/node/node0/distance",
    "sys/devices/system/node/node0/hugepages/hugepages-2048kB/nr_hugepages",
};

/// A temporary folder in memory, removed when the process ends.
class Root {
public:
    Root() : path_("/dev/shm/fuzz-device-tree-" + std::to_string(::getpid())) {}
    Root(const Root&) = delete;
    Root& operator=(const Root&) = delete;
    ~Root() {
        clear();
    }
    void clear() const {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    void write(const std::filesystem::path& name, const std::string& content) const {
        std::filesystem::create_directories((path_ / name).parent_path());
        std::ofstream(path_ / name, std::ios::binary) << content;
    }
    const std::filesystem::path& path() const {
        return path_;
    }

private:
    std::filesystem::path path_;
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const Root root;
    root.clear();
    Input input(data, size);
    const std::string bytes = input.rest();
    for (std::size_t at = 0; at + 2 <= bytes.size();) {
        const auto file = static_cast<unsigned char>(bytes[at]) % kFiles.size();
        const auto length = static_cast<unsigned char>(bytes[at + 1]);
        const std::string content = bytes.substr(at + 2, length);
        root.write(kFiles[file], content);
        at += 2 + content.size();
    }

    const host::HostFacts facts =
        host::readHost(root.path(), {.machine = "ppc64le", .release = "7.3.0"});
    require(facts.level.cpuVersion.has_value() == facts.level.problem.empty(),
            "a level with a problem, or none without");
    kvm::KvmAnswer kvm;
    // The trial accepts every mode except the newest. Whether that is believed depends on the
    // level.
    kvm.outcome = kvm::KvmOutcome::tried;
    kvm.trial = model::Trial{.raw = std::string(model::Trial::kTaken),
                             .control = "EINVAL",
                             .hashedPageTable = size % 2 == 0,
                             .failure = {}};
    for (const model::Mode& mode : model::modeTable())
        kvm.trial->modes[mode.number] =
            mode.number == model::modeTable().back().number ? "EINVAL" : model::Trial::kTaken;
    const model::HostCompat compat = answer::resolveCompat(kvm, facts);
    require(compat.known.has_value() == compat.reason.empty(),
            "an answer with a reason, or none without");
    const model::HostRecord record{.time = {},
                                   .host = facts.identity,
                                   .compat = compat,
                                   .checks = answer::checkHost(kvm, facts, compat)};
    const auto read = answer::parseRecord(answer::writeRecord(record), "output");
    require(read.has_value(), "the record that was written is refused");
    require(read->compat == record.compat, "something else is read than was written");

    const std::string document =
        xml::renderCapabilities(facts.identity, host::readTopology(root.path()));
    require(validate::parseSafely(document, "output").has_value(),
            "libxml2 refuses what was written");
    const auto capabilities = xml::CapabilitiesDocument::read(document, "output");
    require(capabilities.has_value(), "pugixml refuses what was written");
    return 0;
}
