// SPDX-License-Identifier: LGPL-2.1-or-later
// What is read in advance is what reading in turn gives, byte for byte and error for error.
#include "driver/input/read_ahead.hpp"
#include "driver/input/read_file.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <thread>
#include <unistd.h>

namespace hostcompat::input {
namespace {

namespace fs = std::filesystem;

std::size_t openDescriptors() {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator("/proc/self/fd"), fs::directory_iterator()));
}

/// A folder of the test's own. Where the kernel gives no ring, the same is asked of reading without
/// one.
class ReadAheadTest : public testing::Test {
protected:
    ReadAheadTest() {
        std::string pattern = testing::TempDir() + "read-ahead-XXXXXX";
        folder_ = mkdtemp(pattern.data());
    }
    ~ReadAheadTest() override {
        fs::remove_all(folder_);
    }
    std::string path(const std::string& name) const {
        return (folder_ / name).string();
    }
    std::string write(const std::string& name, const std::string& bytes) const {
        std::ofstream(path(name), std::ios::binary) << bytes;
        return path(name);
    }
    fs::path folder_;
};

/// Expects all the names in handfuls, reads them, and compares with reading each by itself.
void expectTheSame(InputReader& reader, const std::vector<std::string>& names,
                   std::size_t handful = 32) {
    for (std::size_t from = 0; from < names.size(); from += handful) {
        const std::size_t to = std::min(from + handful, names.size());
        const std::vector<std::string_view> some(names.begin() + static_cast<std::ptrdiff_t>(from),
                                                 names.begin() + static_cast<std::ptrdiff_t>(to));
        reader.expect(some);
        for (const std::string_view name : some) {
            const auto bytes = reader.read(name);
            const auto wanted = readInput(name);
            ASSERT_EQ(bytes.has_value(), wanted.has_value()) << name;
            if (!bytes) {
                EXPECT_EQ(model::describe(bytes.error()), model::describe(wanted.error()));
                continue;
            }
            ASSERT_TRUE(*bytes == *wanted) << name;
            EXPECT_EQ(std::string(bytes->data() + bytes->size(), kInputPadding),
                      std::string(kInputPadding, '\0'))
                << name;
        }
    }
}

std::string textOf(std::size_t size) {
    std::string text(size, 'x');
    for (std::size_t i = 0; i < size; i += 97)
        text[i] = static_cast<char>('a' + (i / 97 + size) % 26);
    return text;
}

TEST_F(ReadAheadTest, givesTheBytesOfFilesOfEverySize) {
    // Around every size of a slot, and what fits in none; then small ones, for which slots shrink.
    std::vector<std::string> names;
    for (const std::size_t slot : {16U << 10, 32U << 10, 64U << 10, 128U << 10, 256U << 10})
        for (std::size_t size = slot - kInputPadding - 3; size <= slot + 3; ++size)
            names.push_back(write(std::to_string(size) + ".xml", textOf(size)));
    for (std::size_t size = 0; size < 200; ++size)
        names.push_back(write(std::to_string(size) + ".xml", textOf(size)));
    for (const std::size_t files : {4U, 7U, 16U})
        for (const std::size_t handful : {1U, 5U, 32U, 100U}) {
            InputReader reader(ReadAhead::make(files));
            expectTheSame(reader, names, handful);
        }
}

TEST_F(ReadAheadTest, takesWhatIsInMemoryWithoutOpeningItAgain) {
    const std::vector<std::string> names = {write("a.xml", "a"), write("b.xml", "bb")};
    std::ifstream(names[0]).get();
    std::ifstream(names[1]).get();
    auto ahead = ReadAhead::make(4);
    if (!ahead) {
        EXPECT_FALSE(ReadAheads(1).take());
        return;
    }
    const std::vector<std::string_view> wanted(names.begin(), names.end());
    ahead->expect(wanted);
    for (const std::string& name : names) {
        const auto begun = ahead->take(name);
        ASSERT_TRUE(begun) << name;
        // Some file systems read nothing without waiting, tmpfs among them.
        EXPECT_EQ(static_cast<bool>(begun->file), !begun->whole);
        if (!begun->whole)
            EXPECT_EQ(begun->bytes.size(), 0U);
        else
            EXPECT_EQ(std::string(begun->bytes.data(), begun->bytes.size()),
                      name == names[0] ? "a" : "bb");
    }
    EXPECT_FALSE(ahead->take(names[0])) << "nothing more was expected";
}

TEST_F(ReadAheadTest, leavesWhatCannotBeReadToTheReader) {
    fs::create_directory(path("folder.xml"));
    write("locked.xml", "x");
    fs::permissions(path("locked.xml"), fs::perms::none);
    std::ofstream(path("huge.xml"));
    fs::resize_file(path("huge.xml"), kMaximumInputBytes + 1);
    InputReader reader(ReadAhead::make(ReadAhead::kMostFiles));
    expectTheSame(reader, {write("good.xml", "good"), path("none.xml"), path("folder.xml"),
                           path("locked.xml"), path("huge.xml"), write("other", "other"),
                           std::string("a\0b.xml", 7), write("empty.xml", ""),
                           "/proc/self/nothing.xml", write("last.xml", "last")});
}

TEST_F(ReadAheadTest, readsNamesOutOfTurnAndTwice) {
    std::map<std::string, std::string> texts;
    std::vector<std::string> names;
    for (int i = 0; i < 40; ++i) {
        const std::string text = "text " + std::to_string(i);
        names.push_back(write(std::to_string(i) + ".xml", text));
        texts[names.back()] = text;
    }
    InputReader reader(ReadAhead::make(8));
    for (int round = 0; round < 3; ++round) {
        const std::vector<std::string_view> some(names.begin(), names.begin() + 30);
        reader.expect(some);
        for (const int i : {0, 1, 1, 5, 4, 12, 39, 13, 29, 2}) {
            const std::string& name = names[static_cast<std::size_t>(i)];
            const auto bytes = reader.read(name);
            ASSERT_TRUE(bytes);
            EXPECT_EQ(*bytes, texts[name]);
        }
    }
}

TEST_F(ReadAheadTest, waitsForPipesInTheirTurn) {
    // One after the other, as a shell writes them; the second more than a pipe holds.
    const std::vector<std::string> texts = {"first", std::string(300'000, 'y'), ""};
    std::vector<std::string> names;
    for (const char* name : {"a.xml", "b.xml", "c.xml"}) {
        ASSERT_EQ(::mkfifo(path(name).c_str(), 0600), 0);
        names.push_back(path(name));
    }
    std::thread writer([&] {
        for (std::size_t i = 0; i < names.size(); ++i)
            std::ofstream(names[i]) << texts[i];
    });
    InputReader reader(ReadAhead::make(ReadAhead::kMostFiles));
    const std::vector<std::string_view> wanted(names.begin(), names.end());
    reader.expect(wanted);
    for (std::size_t i = 0; i < names.size(); ++i) {
        const auto bytes = reader.read(names[i]);
        ASSERT_TRUE(bytes) << names[i];
        EXPECT_TRUE(*bytes == texts[i]) << names[i];
    }
    writer.join();
}

TEST_F(ReadAheadTest, closesEverythingInTheEnd) {
    std::vector<std::string> names;
    for (int i = 0; i < 100; ++i)
        names.push_back(write(std::to_string(i) + ".xml", textOf(static_cast<std::size_t>(i))));
    const std::size_t before = openDescriptors();
    {
        InputReader reader(ReadAhead::make(ReadAhead::kMostFiles));
        expectTheSame(reader, names);
        EXPECT_LE(openDescriptors(), before + 1 + 2 * ReadAhead::kMostFiles);
        const std::vector<std::string_view> some(names.begin(), names.end());
        reader.expect(some);
        ASSERT_TRUE(reader.read(names[3])); // and the others never
    }
    EXPECT_EQ(openDescriptors(), before);
}

TEST_F(ReadAheadTest, takesFewDescriptorsWhereFewAreToBeHad) {
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    const auto count = [&](rlim_t most, unsigned jobs) {
        const rlimit limit{.rlim_cur = most, .rlim_max = before.rlim_max};
        EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
        ReadAheads aheads(jobs);
        unsigned made = 0;
        while (aheads.take())
            ++made;
        EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
        return made;
    };
    const bool any = ReadAhead::make(4).has_value();
    EXPECT_EQ(count(256, 3), any ? 3U : 0U);
    EXPECT_EQ(count(256, 16), any ? 16U : 0U);
    EXPECT_EQ(count(256, 17), 0U);
    EXPECT_EQ(count(15, 1), 0U);
}

} // namespace
} // namespace hostcompat::input
