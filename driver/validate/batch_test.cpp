// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests that results come in the order of the inputs, whichever thread processed them.
#include "driver/validate/batch.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace hostcompat::validate {
namespace {

class BatchTest : public ::testing::Test {
protected:
    void SetUp() override {
        std::string name = (std::filesystem::temp_directory_path() / "batch-XXXXXX").string();
        ASSERT_NE(::mkdtemp(name.data()), nullptr);
        folder_ = name;
    }
    void TearDown() override {
        std::filesystem::remove_all(folder_);
    }
    std::string write(const std::string& name, const std::string& text) {
        const std::string path = (folder_ / name).string();
        std::ofstream(path, std::ios::binary) << text;
        return path;
    }
    std::filesystem::path folder_;
};

struct Told {
    std::string path;
    std::string answer;

    friend bool operator==(const Told&, const Told&) = default;
};

std::vector<Told> run(const std::vector<Result<std::string>>& inputs, BatchOptions options) {
    const auto grammar = Grammar::builtIn();
    EXPECT_TRUE(grammar);
    std::size_t at = 0;
    std::vector<Told> told;
    const auto done = validateBatch(
        *grammar,
        [&]() -> std::optional<Result<std::string>> {
            if (at == inputs.size())
                return std::nullopt;
            return inputs[at++];
        },
        [&](const std::string& path, const Result<Verdict>& result) {
            told.push_back({path, !result         ? model::describe(result.error())
                                  : result->valid ? "valid"
                                                  : result->defects.front().message});
        },
        options);
    EXPECT_TRUE(done);
    return told;
}

TEST_F(BatchTest, answersInOrderAndLosesNone) {
    const std::string valid =
        write("valid.xml", "<capabilities><host><cpu/></host></capabilities>");
    const std::string invalid =
        write("invalid.xml", "<capabilities><host><cpu><compat/></cpu></host></capabilities>");
    const std::string entities = write("entities.xml", "<capabilities>&lt;</capabilities>");
    const std::string large =
        write("large.xml", "<capabilities>" + std::string(400'000, ' ') + "</capabilities>");
    const std::string missing = (folder_ / "missing.xml").string();
    const std::vector<std::string> kinds = {valid,    invalid, missing,
                                            entities, large,   folder_.string()};
    std::vector<Result<std::string>> inputs;
    for (std::size_t i = 0; i < 700; ++i) {
        if (i % 50 == 49)
            inputs.emplace_back(
                std::unexpected(Error{.kind = ErrorKind::usage, .action = "go on"}));
        else
            inputs.emplace_back(kinds[i * 7 % kinds.size()]);
    }
    const std::vector<Told> one = run(inputs, {.jobs = 1, .fastPath = FastPath::off});
    ASSERT_EQ(one.size(), inputs.size());
    for (std::size_t i = 0; i < inputs.size(); ++i)
        EXPECT_EQ(one[i].path, inputs[i].value_or("")) << i;
    EXPECT_EQ(one[0].answer, "valid");
    EXPECT_EQ(one[49].answer, "cannot go on");
    for (const unsigned jobs : {1U, 2U, 7U, 0U})
        EXPECT_EQ(run(inputs, {.jobs = jobs, .fastPath = FastPath::on}), one) << jobs;
}

TEST_F(BatchTest, isDoneWithNothing) {
    EXPECT_TRUE(run({}, {.jobs = 3}).empty());
}

} // namespace
} // namespace hostcompat::validate
