// SPDX-License-Identifier: LGPL-2.1-or-later
// Replays every host of the lab: with the raw answers of its kernel as input, the result must be
// the recorded one.
#include "driver/answer/probe_host.hpp"
#include "driver/answer/record.hpp"
#include "driver/kvm/uapi.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace hostcompat::answer {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

const fs::path kRecords = fs::path(SOURCE_ROOT) / "xml-tests/records";

std::string contentOf(const fs::path& path) {
    std::ostringstream content;
    content << std::ifstream(path, std::ios::binary).rdbuf();
    return content.str();
}

/// The names of all recorded hosts, sorted.
std::vector<std::string> recordedHosts() {
    constexpr std::string_view ending = ".raw.json";
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator(kRecords))
        if (const std::string name = entry.path().filename().string(); name.ends_with(ending))
            names.insert(name.substr(0, name.size() - ending.size()));
    return {names.begin(), names.end()};
}

/// A kernel that gives the answers that lab/raw_probe.c got from a real one. A question that was
/// not asked there has no answer here, so the test fails.
class ReplayedKernel final : public kvm::Kernel {
public:
    explicit ReplayedKernel(const Json& kvm) : kvm_(kvm) {}

    int open(const char* path, int) override {
        EXPECT_STREQ(path, "/dev/kvm");
        const int failure = kvm_.at("open_errno").get<int>();
        return failure != 0 ? -failure : opened(kDevice);
    }
    int ioctl(int descriptor, unsigned long request, std::uintptr_t argument) override {
        EXPECT_TRUE(open_.contains(descriptor));
        if (descriptor == kMachine && request == KVM_CREATE_VCPU)
            return afterFailure("create_vcpu_errno", [&] { return opened(kVcpu); });
        if (descriptor == kMachine)
            return askMachine(request, reinterpret_cast<std::uint64_t*>(argument));
        if (descriptor == kVcpu)
            return askVcpu(request, argument);
        switch (request) {
        case KVM_GET_API_VERSION:
            return kvm_.at("api_version").get<int>();
        case KVM_CHECK_EXTENSION:
            return kvm_.at("extensions").at(std::to_string(argument)).get<int>();
        case KVM_CREATE_VM: {
            const int failure = kvm_.at("create_vm_errno").get<int>();
            return failure != 0 ? -failure : opened(kMachine);
        }
        default:
            ADD_FAILURE() << "request " << request << " was never recorded";
            return -ENOTTY;
        }
    }
    void close(int descriptor) override {
        EXPECT_EQ(open_.erase(descriptor), 1U);
    }
    bool allClosed() const {
        return open_.empty();
    }

private:
    static constexpr int kDevice = 100;
    static constexpr int kMachine = 101;
    static constexpr int kVcpu = 102;

    /// Calls the function, unless this step, which does not depend on the mode, failed on the host.
    template <typename Call>
    int afterFailure(const char* key, Call call) {
        const int failure = kvm_.at("trial").at("control").at(key).get<int>();
        return failure != 0 ? -failure : call();
    }
    int askVcpu(unsigned long request, std::uintptr_t argument) {
        if (request == KVM_ENABLE_CAP)
            return afterFailure("enable_papr_errno", [] { return 0; });
        EXPECT_EQ(request, static_cast<unsigned long>(KVM_SET_ONE_REG));
        const auto& reg = *reinterpret_cast<const kvm_one_reg*>(argument);
        EXPECT_EQ(reg.id, kvm::uapi::kRegPpcArchCompat);
        const auto level = *reinterpret_cast<const std::uint32_t*>(reg.addr);
        const model::Mode* mode = model::findModeByLogicalPvr(level);
        const std::string name = mode ? std::string(mode->name) : level == 0 ? "raw" : "control";
        EXPECT_TRUE(mode || level == 0 || level == model::Trial::kControlLevel) << level;
        return -kvm_.at("trial").at(name).at("set_errno").get<int>();
    }
    int opened(int descriptor) {
        open_.insert(descriptor);
        return descriptor;
    }
    int askMachine(unsigned long request, std::uint64_t* words) {
        EXPECT_EQ(request, kvm::uapi::kPpcGetCompatCaps);
        EXPECT_EQ(words[0], 24U);
        EXPECT_EQ(words[1], 0U);
        const Json& answer = kvm_.at("calls").at("size_24");
        if (const int failure = answer.at("errno").get<int>())
            return -failure;
        words[0] = answer.at("size").get<std::uint64_t>();
        words[2] = std::stoull(answer.at("capabilities").get<std::string>(), nullptr, 16);
        return answer.at("result").get<int>();
    }

    const Json& kvm_;
    std::set<int> open_;
};

/// The files of a recorded host in a temporary folder.
class ReplayedHost : public testing::TestWithParam<std::string> {
protected:
    ReplayedHost() {
        std::string name = (fs::temp_directory_path() / "hostcompat-XXXXXX").string();
        root_ = mkdtemp(name.data());
    }
    ~ReplayedHost() override {
        fs::remove_all(root_);
    }
    void write(const fs::path& path, const std::string& content) const {
        fs::create_directories((root_ / path).parent_path());
        std::ofstream(root_ / path, std::ios::binary) << content;
    }
    void build(const Json& raw) const {
        write("proc/cpuinfo", raw.at("cpuinfo").get<std::string>());
        const fs::path tree = "proc/device-tree";
        write(tree / "compatible", raw.at("compatible").get<std::string>());
        for (const Json& node : raw.at("cpu_nodes")) {
            const fs::path folder = tree / "cpus" / node.at("node").get<std::string>();
            write(folder / "device_type", std::string("cpu\0", 4));
            if (!node.contains("cpu_version"))
                continue;
            const auto version =
                std::stoull(node.at("cpu_version").get<std::string>(), nullptr, 16);
            std::string bytes;
            for (const int shift : {24, 16, 8, 0})
                bytes.push_back(static_cast<char>(version >> shift & 0xff));
            write(folder / "cpu-version", bytes);
        }
        if (raw.at("module_kvm_hv").get<int>() != 0)
            write("sys/module/kvm_hv/initstate", "live\n");
        if (raw.contains("kvm_hv_nested") && raw.at("kvm_hv_nested").is_string())
            write("sys/module/kvm_hv/parameters/nested",
                  raw.at("kvm_hv_nested").get<std::string>());
    }
    HostPlace place(const Json& raw) const {
        return {.root = root_,
                .names = {.machine = raw.at("arch").get<std::string>(),
                          .release = raw.at("kernel").get<std::string>(),
                          .basePlatform = raw.at("at_base_platform").get<std::string>(),
                          .pageSize = raw.at("page_size").get<std::uint64_t>()},
                .device = "/dev/kvm"};
    }

private:
    fs::path root_;
};

/// Whether the recording contains everything that this version asks. Earlier versions did not try
/// the modes on kernels without the capability.
bool isComplete(const Json& raw) {
    const Json& kvm = raw.at("kvm");
    return kvm.contains("trial") || kvm.at("extensions").at("250").get<int>() == 1 ||
           kvm.at("create_vm_errno").get<int>() != 0;
}

TEST_P(ReplayedHost, givesTheRecordedAnswer) {
    const Json raw = Json::parse(contentOf(kRecords / (GetParam() + ".raw.json")));
    if (!isComplete(raw)) {
        const auto earlier =
            parseRecord(contentOf(kRecords / (GetParam() + ".json")), GetParam() + ".json");
        ASSERT_TRUE(earlier.has_value()) << model::describe(earlier.error());
        EXPECT_TRUE(!earlier->compat.known || !model::isBelieved(earlier->compat.known->source));
        return;
    }
    build(raw);
    ReplayedKernel kernel(raw.at("kvm"));
    auto host = probeHost(kernel, place(raw));
    ASSERT_TRUE(host.has_value()) << model::describe(host.error());
    EXPECT_TRUE(kernel.allClosed());
    const fs::path recorded = kRecords / (GetParam() + ".json");
    // The time differs between runs, and the raw answers contain no host name.
    if (const auto before = parseRecord(contentOf(recorded), recorded.string())) {
        host->record.time = before->time;
        host->record.host.name = before->host.name;
    }
    const std::string record = writeRecord(host->record);
    if (std::getenv("REGENERATE") && record != contentOf(recorded)) {
        std::ofstream(recorded, std::ios::binary) << record;
        FAIL() << recorded << " was written anew: look at it";
    }
    EXPECT_EQ(record, contentOf(recorded));
}

TEST_P(ReplayedHost, saysWhatTheKernelSaid) {
    const Json raw = Json::parse(contentOf(kRecords / (GetParam() + ".raw.json")));
    const auto record =
        parseRecord(contentOf(kRecords / (GetParam() + ".json")), GetParam() + ".json");
    ASSERT_TRUE(record.has_value()) << model::describe(record.error());
    EXPECT_EQ(record->host.kernel, raw.at("kernel").get<std::string>());
    const Json& kvm = raw.at("kvm");
    if (kvm.at("extensions").at("250").get<int>() == 1) {
        ASSERT_TRUE(record->compat.known.has_value());
        EXPECT_EQ(record->compat.known->source, "kvm");
        const auto bitmap = kvm.at("calls").at("size_24").at("capabilities").get<std::string>();
        EXPECT_EQ(record->compat.known->capabilities, std::stoull(bitmap, nullptr, 16));
    } else if (kvm.at("create_vm_errno").get<int>() != 0) {
        EXPECT_FALSE(record->compat.known.has_value());
        EXPECT_FALSE(record->compat.reason.empty());
    } else if (kvm.contains("trial") && kvm.at("trial").at("raw").at("set_errno").get<int>() != 0) {
        // A kernel that does not even take level 0 says nothing about the modes.
        EXPECT_FALSE(record->compat.known.has_value());
        EXPECT_FALSE(record->compat.reason.empty());
    } else if (kvm.contains("trial")) {
        ASSERT_TRUE(record->compat.known.has_value());
        EXPECT_EQ(record->compat.known->source, "trial");
        for (const auto& [mode, answer] : record->compat.trial.value().modes)
            EXPECT_EQ(answer == "ok",
                      kvm.at("trial").at(model::modeName(mode)).at("set_errno").get<int>() == 0);
    }
}

INSTANTIATE_TEST_SUITE_P(Lab, ReplayedHost, testing::ValuesIn(recordedHosts()),
                         [](const auto& chosen) {
                             std::string name = chosen.param;
                             for (char& letter : name)
                                 if (std::isalnum(static_cast<unsigned char>(letter)) == 0)
                                     letter = '_';
                             return name;
                         });

TEST(Records, areThoseOfAllHostsOfTheLab) {
    const auto hosts = recordedHosts();
    EXPECT_GE(hosts.size(), 67U);
    for (const std::string& host : hosts)
        EXPECT_TRUE(fs::exists(kRecords / (host + ".json"))) << host;
}

} // namespace
} // namespace hostcompat::answer
