// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests that inputs are read completely, up to a limit that also stops endless ones, and that each
// failure is reported.
#include "driver/input/read_file.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>
#include <unistd.h>
#include <vector>

namespace hostcompat::input {
namespace {

/// A folder for one test, which is removed at its end.
class ReadInput : public testing::Test {
protected:
    ReadInput() {
        std::string pattern = testing::TempDir() + "read-input-XXXXXX";
        folder_ = mkdtemp(pattern.data());
    }
    ~ReadInput() override {
        std::filesystem::remove_all(folder_);
    }
    std::string write(const std::string& name, const std::string& bytes) {
        const auto path = (folder_ / name).string();
        std::ofstream(path, std::ios::binary) << bytes;
        return path;
    }
    std::filesystem::path folder_;
};

TEST_F(ReadInput, readsAFileWhole) {
    const std::string bytes("a\0b\r\n\xFF", 6);
    EXPECT_EQ(readInput(write("some.xml", bytes)), bytes);
    EXPECT_EQ(readInput(write("empty.xml", "")), "");
    const std::string large(100000, 'x');
    EXPECT_EQ(readInput(write("large.xml", large)), large);
}

TEST_F(ReadInput, usesABufferAgain) {
    InputReader reader;
    for (const std::size_t size : {50'000U, 1U, 0U, 256U << 10, (256U << 10) + 1, 2U << 20, 3U}) {
        const std::string text(size, 'x');
        const auto bytes = reader.read(write("some", text));
        ASSERT_TRUE(bytes);
        EXPECT_EQ(*bytes, text);
        EXPECT_EQ(std::string(bytes->data() + size, kInputPadding),
                  std::string(kInputPadding, '\0'))
            << size;
    }
}

TEST_F(ReadInput, readsToTheEndOfWhatHasNoSize) {
    std::ifstream file("/proc/self/maps");
    const std::string text((std::istreambuf_iterator<char>(file)), {});
    const auto read = readInput("/proc/self/maps");
    ASSERT_TRUE(read);
    // Allocations between the two reads change lines, but the last line stays the same.
    EXPECT_EQ(read->substr(read->rfind('\n', read->size() - 2)),
              text.substr(text.rfind('\n', text.size() - 2)));
}

TEST_F(ReadInput, namesWhatCannotBeRead) {
    const auto missing = readInput((folder_ / "none.xml").string());
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().errorNumber, ENOENT);
    EXPECT_EQ(missing.error().kind, ErrorKind::input);
    EXPECT_EQ(model::describe(missing.error()), "cannot open " + (folder_ / "none.xml").string() +
                                                    ": No such file or directory (ENOENT)");

    const auto folder = readInput(folder_.string());
    ASSERT_FALSE(folder);
    EXPECT_EQ(model::describe(folder.error()),
              "cannot read " + folder_.string() + ": it is a folder; name a file in it");

    const auto listed = readInput(
        (std::filesystem::create_directory(folder_ / "f.xml"), folder_ / "f.xml").string());
    ASSERT_FALSE(listed);
    EXPECT_EQ(listed.error().remedy,
              "name a file in it, or in a list the folder with a / at its end");

    const auto odd = readInput(std::string_view("a\0b", 3));
    ASSERT_FALSE(odd);
    EXPECT_EQ(odd.error().reason, "the name contains a NUL byte");
}

TEST_F(ReadInput, stopsAtTheLimit) {
    const auto path = (folder_ / "sparse").string();
    write("sparse", "");
    std::filesystem::resize_file(path, kMaximumInputBytes);
    const auto whole = readInput(path);
    ASSERT_TRUE(whole);
    EXPECT_EQ(whole->size(), kMaximumInputBytes);
    std::filesystem::resize_file(path, kMaximumInputBytes + 1);
    const auto larger = readInput(path);
    ASSERT_FALSE(larger);
    EXPECT_EQ(larger.error().reason, "it is larger than 64 MiB");
    const auto endless = readInput("/dev/zero");
    ASSERT_FALSE(endless);
    EXPECT_EQ(endless.error().reason, "it is larger than 64 MiB");
}

TEST_F(ReadInput, leaksNoDescriptor) {
    const auto count = [] {
        return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {});
    };
    const auto path = write("some.xml", "x");
    const auto before = count();
    for (int round = 0; round < 3; ++round) {
        EXPECT_TRUE(readInput(path));
        EXPECT_FALSE(readInput(folder_.string()));
        EXPECT_FALSE(readInput("/dev/zero"));
    }
    EXPECT_EQ(count(), before);
}

/// Replaces standard input for the duration of a test.
class StandardInput {
public:
    explicit StandardInput(int replacement) : kept_(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 10)) {
        if (replacement >= 0) {
            ::dup2(replacement, STDIN_FILENO);
            ::close(replacement);
        } else {
            ::close(STDIN_FILENO);
        }
    }
    ~StandardInput() {
        ::dup2(kept_, STDIN_FILENO);
        ::close(kept_);
    }

private:
    int kept_;
};

/// Reads standard input from a pipe with these flags, into which a thread writes slowly at first.
void readInPieces(int flags) {
    int ends[2];
    ASSERT_EQ(::pipe2(ends, flags), 0);
    ASSERT_EQ(::fcntl(ends[1], F_SETFL, 0), 0);
    const StandardInput replaced(ends[0]);
    std::string expected;
    std::thread writer([&, out = ends[1]] {
        for (int piece = 0; piece < 30; ++piece) {
            if (piece < 3)
                std::this_thread::sleep_for(std::chrono::milliseconds(5));
            const std::string bytes(4001, static_cast<char>('a' + piece % 26));
            expected += bytes;
            EXPECT_EQ(::write(out, bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
        }
        ::close(out);
    });
    const auto read = readInput("-");
    writer.join();
    EXPECT_EQ(read, expected);
    EXPECT_GE(::fcntl(STDIN_FILENO, F_GETFD), 0) << "standard input stays open";
}

TEST_F(ReadInput, readsStandardInputInPieces) {
    readInPieces(0);
    // Another program may have set this flag on the terminal or pipe.
    readInPieces(O_NONBLOCK);
}

TEST_F(ReadInput, readsNamedPipes) {
    // Several commands read one pipe in turn, as in a shell. The second text is larger than a
    // pipe's buffer.
    const std::vector<std::string> texts = {"first", std::string(300'000, 'y'), ""};
    std::vector<std::string> names;
    for (const char* name : {"a.xml", "b.xml", "c.xml"}) {
        names.push_back((folder_ / name).string());
        ASSERT_EQ(::mkfifo(names.back().c_str(), 0600), 0);
    }
    std::thread writer([&] {
        for (std::size_t i = 0; i < names.size(); ++i)
            std::ofstream(names[i]) << texts[i];
    });
    InputReader reader;
    for (std::size_t i = 0; i < names.size(); ++i) {
        const auto bytes = reader.read(names[i]);
        ASSERT_TRUE(bytes) << names[i];
        EXPECT_TRUE(*bytes == texts[i]) << names[i];
    }
    writer.join();
}

TEST_F(ReadInput, survivesWithoutStandardInput) {
    const auto path = write("some.xml", "x");
    const StandardInput closed(-1);
    const auto none = readInput("-");
    ASSERT_FALSE(none);
    EXPECT_EQ(model::describe(none.error()),
              "cannot read standard input: Bad file descriptor (EBADF)");
    EXPECT_EQ(readInput(path), "x");
    EXPECT_LT(::fcntl(STDIN_FILENO, F_GETFD), 0) << "a file took the place of standard input";
}

} // namespace
} // namespace hostcompat::input
