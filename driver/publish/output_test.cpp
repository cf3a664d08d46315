// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests writing, comparing and removing outputs, and the list of enabled outputs.
#include "driver/publish/output.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fcntl.h>
#include <fstream>
#include <unistd.h>

namespace {

using namespace hostcompat;
using namespace hostcompat::publish;
using Change = Written::Change;
using State = OutputState::State;

class OutputTest : public testing::Test {
protected:
    void SetUp() override {
        root_ = std::filesystem::temp_directory_path() /
                fmt::format("publish-{}-{}", ::getpid(),
                            testing::UnitTest::GetInstance()->current_test_info()->name());
        std::filesystem::create_directories(root_);
    }
    void TearDown() override {
        std::filesystem::remove_all(root_);
    }
    Output output(std::string_view name) const {
        const Format* format = findFormat(name);
        return {.format = format, .path = root_ / format->path};
    }
    static std::string contentOf(const Format& format, model::ModeSet supported) {
        model::HostRecord record;
        record.compat.known = model::KnownCompat{
            .source = "kvm", .supported = supported, .refused = {}, .capabilities = {}, .abi = {}};
        return format.render(record);
    }
    static void put(const std::filesystem::path& path, std::string_view content) {
        std::filesystem::create_directories(path.parent_path());
        std::ofstream(path) << content;
        std::filesystem::permissions(path, std::filesystem::perms(0644));
    }
    static std::size_t filesIn(const std::filesystem::path& folder) {
        const std::filesystem::directory_iterator files(folder);
        return static_cast<std::size_t>(std::distance(begin(files), end(files)));
    }

    std::filesystem::path root_;
};

TEST_F(OutputTest, IsWrittenOnceAndRemovedWhereNothingCanBeSaid) {
    for (const Format& format : formats()) {
        const Output each = output(format.name);
        const std::string text = contentOf(format, {9});
        EXPECT_EQ(outputState(each, text)->state, State::stale) << format.name;
        EXPECT_EQ(writeOutput(each, text)->change, Change::written) << format.name;
        EXPECT_EQ(writeOutput(each, text)->change, Change::unchanged) << format.name;
        EXPECT_EQ(outputState(each, text)->state, State::current) << format.name;
        EXPECT_GT(outputState(each, text)->since, 0) << format.name;
        struct stat status;
        ASSERT_EQ(::stat(each.path.c_str(), &status), 0);
        EXPECT_EQ(status.st_mode & 07777, format.mode) << format.name;
        EXPECT_EQ(filesIn(each.path.parent_path()), 1U) << format.name;
        EXPECT_EQ(outputState(each, contentOf(format, {10}))->state, State::stale) << format.name;
        EXPECT_EQ(writeOutput(each, "")->change, Change::removed) << format.name;
        EXPECT_EQ(writeOutput(each, "")->change, Change::none) << format.name;
        EXPECT_EQ(outputState(each, "")->state, State::current) << format.name;
    }
}

TEST_F(OutputTest, LeavesAloneWhatSomebodyElseWrote) {
    for (const Format& format : formats()) {
        const Output each = output(format.name);
        put(each.path, "somebody else's\n");
        EXPECT_EQ(outputState(each, contentOf(format, {9}))->state, State::foreign) << format.name;
        EXPECT_FALSE(writeOutput(each, contentOf(format, {9}))) << format.name;
        EXPECT_FALSE(writeOutput(each, "")) << format.name;
        EXPECT_FALSE(removeOutput(each)) << format.name;
        EXPECT_EQ(std::filesystem::file_size(each.path), 16U) << format.name;
    }
}

TEST_F(OutputTest, KeepsItsTemporaryFileOutOfTheFolderThatNfdWatches) {
    const Output nfd = output("nfd");
    const auto folder = nfd.path.parent_path();
    put(folder.parent_path() / ".virt-host-compat.AbCdEf", "half a file");
    put(folder.parent_path() / ".virt-host-compat.notours", "kept");
    ASSERT_TRUE(writeOutput(nfd, contentOf(*nfd.format, {9})));
    EXPECT_FALSE(std::filesystem::exists(folder.parent_path() / ".virt-host-compat.AbCdEf"));
    EXPECT_TRUE(std::filesystem::exists(folder.parent_path() / ".virt-host-compat.notours"));
    EXPECT_EQ(filesIn(folder), 1U);
}

TEST_F(OutputTest, MovesTheTimeOfWhatIsConfirmed) {
    const Output prometheus = output("prometheus");
    const std::string text = contentOf(*prometheus.format, {9});
    ASSERT_TRUE(writeOutput(prometheus, text));
    const timespec past[2] = {{.tv_sec = 1000, .tv_nsec = 0}, {.tv_sec = 1000, .tv_nsec = 0}};
    ASSERT_EQ(::utimensat(AT_FDCWD, prometheus.path.c_str(), past, 0), 0);
    EXPECT_EQ(writeOutput(prometheus, text)->change, Change::unchanged);
    EXPECT_GT(outputState(prometheus, text)->since, 1000);
}

TEST_F(OutputTest, TellsWhichTraitsPlacementKeeps) {
    const Output nova = output("nova");
    const auto lost = [&](const std::string& content) { return writeOutput(nova, content)->lost; };
    EXPECT_TRUE(lost(contentOf(*nova.format, {9, 10})).empty());
    EXPECT_EQ(lost(contentOf(*nova.format, {9, 11})),
              std::vector<std::string>{"CUSTOM_POWER_COMPAT_POWER10"});
    EXPECT_EQ(lost(""), (std::vector<std::string>{"CUSTOM_POWER_COMPAT_POWER9",
                                                  "CUSTOM_POWER_COMPAT_POWER11"}));
}

TEST_F(OutputTest, DoesNotSpeakForANodeThatAnotherFileSpeaksFor) {
    const Output nova = output("nova");
    put(nova.path.parent_path() / "site.yml", "not read by Nova\n");
    EXPECT_TRUE(writeOutput(nova, contentOf(*nova.format, {9})));
    put(nova.path.parent_path() / "site.yaml", "meta: {}\n");
    const auto refused = writeOutput(nova, contentOf(*nova.format, {10}));
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().reason.find("site.yaml"), std::string::npos);
    EXPECT_EQ(refused.error().kind, ErrorKind::input);
}

TEST_F(OutputTest, RefusesAFolderThatOthersMayWrite) {
    const Output modes = output("modes");
    std::filesystem::create_directories(modes.path.parent_path());
    std::filesystem::permissions(modes.path.parent_path(), std::filesystem::perms(0777));
    EXPECT_FALSE(writeOutput(modes, contentOf(*modes.format, {9})));
    EXPECT_FALSE(std::filesystem::exists(modes.path));
}

TEST(PublishConfig, IsReadAsItIsWritten) {
    const auto outputs =
        parseConfig("# note\n\nnfd\n prometheus = /srv/metrics/v.prom \n", "conf", "/");
    ASSERT_TRUE(outputs);
    ASSERT_EQ(outputs->size(), 2U);
    EXPECT_EQ((*outputs)[0].path, std::filesystem::path("/") / findFormat("nfd")->path);
    EXPECT_EQ((*outputs)[1].path, "/srv/metrics/v.prom");
    const auto again = parseConfig(configText(*outputs, "/"), "conf", "/");
    ASSERT_TRUE(again);
    ASSERT_EQ(again->size(), 2U);
    EXPECT_EQ((*again)[1].path, "/srv/metrics/v.prom");
    EXPECT_TRUE(input::hasManagedMark(configText(*outputs, "/")));
}

TEST(PublishConfig, HasEveryPathBelowItsRoot) {
    const std::string_view list = "nfd\nprometheus = /srv/metrics/v.prom\nmodes = /../m\n";
    for (const char* root : {"/image", "image", "./image/", "."}) {
        const auto outputs = parseConfig(list, "conf", root);
        ASSERT_TRUE(outputs);
        const std::filesystem::path folder = root;
        EXPECT_EQ((*outputs)[0].path, folder / findFormat("nfd")->path);
        EXPECT_EQ((*outputs)[1].path, folder / "srv/metrics/v.prom");
        EXPECT_EQ((*outputs)[2].path, folder / "m");
        // The list contains paths as seen by the system that later has this root as its /.
        EXPECT_NE(configText(*outputs, root)
                      .find("\nnfd\nprometheus = /srv/metrics/v.prom\nmodes = "
                            "/m\n"),
                  std::string::npos)
            << configText(*outputs, root);
    }
}

TEST(PublishConfig, NamesTheLineThatIsWrong) {
    const auto line = [](std::string_view text) -> std::size_t {
        const auto outputs = parseConfig(text, "conf", "/");
        return outputs ? 0 : outputs.error().line;
    };
    EXPECT_EQ(line("nfd\nnagios\n"), 2U);
    EXPECT_EQ(line("nfd\nnova\nnfd\n"), 3U);
    EXPECT_EQ(line("modes = here\n"), 1U);
    EXPECT_EQ(line("modes ="), 1U);
    EXPECT_EQ(line("facter = /a\nmodes\nansible = //b/../a\n"), 3U);
}

} // namespace
