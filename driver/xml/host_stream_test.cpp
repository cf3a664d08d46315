// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests that several threads give the same results as one thread, in the same order.
#include "driver/xml/host_stream.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <unistd.h>

namespace hostcompat::xml {
namespace {

namespace fs = std::filesystem;

class ReadHosts : public testing::Test {
protected:
    ReadHosts() : folder_(fs::path(testing::TempDir()) / ("hosts-" + std::to_string(::getpid()))) {
        fs::create_directories(folder_);
    }
    ~ReadHosts() override {
        fs::remove_all(folder_);
    }
    void write(const std::string& name, const std::string& bytes) const {
        std::ofstream(folder_ / name) << bytes;
    }

    struct Heard {
        std::string text;
        StreamCounts counts;
        std::uint64_t progress = 0;
    };
    Heard read(unsigned jobs) const {
        Heard heard;
        input::Inputs inputs({folder_.string(), (folder_ / "missing").string()});
        const StreamListener listener{
            .host =
                [&](std::string_view name, const HostModes& host) {
                    heard.text += std::string(name) + (host.supported ? ":" : "?");
                    for (const model::Mode& mode : model::modeTable())
                        if (host.supported && host.supported->contains(mode))
                            heard.text += " " + std::string(mode.name);
                    heard.text += "\n";
                },
            .failed = [&](const Error& error) { heard.text += model::describe(error) + "\n"; },
            .progress = [&](const StreamCounts& counts) { heard.progress += counts.inputs; }};
        heard.counts = readHosts(inputs, jobs, listener).value();
        return heard;
    }

    fs::path folder_;
};

std::string cpu(const std::string& mode) {
    return "<cpu><compat source='kvm'><mode name='power9' supported='yes'/><mode name='" + mode +
           "' supported='yes'/></compat></cpu>";
}

TEST_F(ReadHosts, doesNotDependOnTheNumberOfThreads) {
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
    EXPECT_EQ(one.progress, 701U * 702U / 2);
    EXPECT_EQ(std::ranges::count(one.text, '\n'), 701);
    EXPECT_NE(one.text.find("host-1006.xml: power9 power10\n"), std::string::npos);
    EXPECT_NE(one.text.find("host-1007.xml?\n"), std::string::npos);
    EXPECT_NE(one.text.find("missing"), std::string::npos);
    for (unsigned jobs : {2U, 3U, 8U}) {
        const Heard many = read(jobs);
        EXPECT_EQ(many.text, one.text);
        EXPECT_EQ(many.progress, one.progress);
        EXPECT_EQ(many.counts.failed, one.counts.failed);
    }
}

TEST_F(ReadHosts, namesTheDocumentsOfAnInput) {
    write("many.xml", cpu("power10") + "\n<cpu/>\n");
    const std::string many = (folder_ / "many.xml").string();
    EXPECT_EQ(read(2).text, many + " (document 1): power9 power10\n" + many + " (document 2)?\n" +
                                "cannot open " + (folder_ / "missing").string() +
                                ": No such file or directory (ENOENT)\n");
}

} // namespace
} // namespace hostcompat::xml
