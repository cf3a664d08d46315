// SPDX-License-Identifier: LGPL-2.1-or-later
// Many inputs on several threads give what one thread gives, in the same order.
#include "driver/policy/baseline_stream.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace hostcompat::policy {
namespace {

namespace fs = std::filesystem;

class ReadBaseline : public testing::Test {
protected:
    ReadBaseline()
        : folder_(fs::path(testing::TempDir()) / ("baseline-" + std::to_string(::getpid()))) {
        fs::create_directories(folder_);
    }
    ~ReadBaseline() override {
        fs::remove_all(folder_);
    }
    void write(const std::string& name, const std::string& bytes) const {
        std::ofstream(folder_ / name) << bytes;
    }

    struct Heard {
        std::string text;
        StreamCounts counts;
        unsigned newest = 0;
        std::uint64_t known = 0;
    };
    Heard read(unsigned jobs) const {
        Heard heard;
        Baseline baseline;
        input::Inputs inputs({folder_.string(), (folder_ / "missing").string()});
        const StreamListener listener{
            .failed = [&](const Error& error) { heard.text += model::describe(error) + "\n"; },
            .unknown = [&](std::string_view host) { heard.text += std::string(host) + "?\n"; },
            .progress = {}};
        heard.counts = readBaseline(inputs, jobs, baseline, listener).value();
        heard.known = baseline.knownHosts();
        heard.newest = baseline.common().newest();
        return heard;
    }

    fs::path folder_;
};

std::string cpu(const std::string& mode) {
    return "<cpu><compat source='kvm'><mode name='power9' supported='yes'/><mode name='" + mode +
           "' supported='yes'/></compat></cpu>";
}

TEST_F(ReadBaseline, doesNotDependOnTheNumberOfThreads) {
    for (int i = 0; i < 700; ++i) {
        const std::string name = "host-" + std::to_string(1000 + i) + ".xml";
        if (i % 97 == 5)
            write(name, "<capabilities>\n<broken");
        else if (i % 89 == 7)
            write(name, "<cpu/>");
        else
            write(name, cpu(i % 2 == 0 ? "power10" : "power11"));
    }
    const Heard one = read(1);
    EXPECT_EQ(one.counts.inputs, 701U);
    EXPECT_EQ(one.counts.failed, 8U + 1U);
    EXPECT_EQ(one.known, 700U - 8U - 8U);
    EXPECT_EQ(one.newest, 9U);
    EXPECT_NE(one.text.find("host-1007.xml?\n"), std::string::npos);
    EXPECT_NE(one.text.find("missing"), std::string::npos);
    for (unsigned jobs : {2U, 3U, 8U}) {
        const Heard many = read(jobs);
        EXPECT_EQ(many.text, one.text);
        EXPECT_EQ(many.known, one.known);
        EXPECT_EQ(many.newest, one.newest);
        EXPECT_EQ(many.counts.failed, one.counts.failed);
    }
}

TEST_F(ReadBaseline, namesTheDocumentsOfAnInput) {
    write("many.xml", cpu("power10") + "\n<cpu/>\n");
    EXPECT_EQ(read(2).text.substr(0, read(2).text.find('\n')),
              (folder_ / "many.xml").string() + " (document 2)?");
}

} // namespace
} // namespace hostcompat::policy
