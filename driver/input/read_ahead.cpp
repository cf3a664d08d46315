// SPDX-License-Identifier: LGPL-2.1-or-later
// Opens a few files, has the kernel read them all in one call, and closes them with the next one.
#include "driver/input/read_ahead.hpp"

#include "driver/input/kernel_ring.hpp"
#include "driver/input/ordered_work.hpp"

#include <sys/mman.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <fcntl.h>
#include <utility>

namespace hostcompat::input {

namespace {

// All files of one call share this room, of which the second-level cache of a processor holds most.
constexpr std::size_t kRoom = std::size_t{256} << 10;
constexpr std::size_t kLeastSlot = kRoom / ReadAhead::kMostFiles;
constexpr std::size_t kMostSlot = kRoom / 2;
// For each file two reads and the closing of one before it.
constexpr unsigned kEntries = 3 * ReadAhead::kMostFiles;
constexpr std::uint64_t kClosing = ~std::uint64_t{0};
// Fewer files in one call are hardly worth it.
constexpr std::size_t kLeastFiles = 4;
// How many expectations are left to the reader after one of which nothing could be read at once.
constexpr std::size_t kPause = 8;

} // namespace

/// The ring, the room for what it reads, and how far its files have been taken.
class ReadAhead::Ring {
public:
    static std::unique_ptr<Ring> make(std::size_t files) {
        auto ring = KernelRing::make(kEntries);
        if (!ring)
            return nullptr;
        void* const room = ::mmap(nullptr, kRoom, PROT_READ | PROT_WRITE,
                                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
        if (room == MAP_FAILED)
            return nullptr;
        return std::unique_ptr<Ring>(new Ring(files, std::move(*ring), static_cast<char*>(room)));
    }
    Ring(const Ring&) = delete;
    Ring& operator=(const Ring&) = delete;
    ~Ring() {
        // The kernel may still write to it where it did not say that it has ended.
        if (ring_.unanswered() == 0)
            ::munmap(room_, kRoom);
    }

    void expect(std::span<const std::string_view> names) {
        while (next_ != files_.size())
            discard(files_[next_++]);
        names_ = names;
    }

    std::optional<Begun> take(std::string_view name) {
        while (next_ != files_.size() || begin()) {
            const std::size_t index = next_++;
            File& file = files_[index];
            if (file.name == name)
                return file.descriptor ? std::optional(given(file, index)) : std::nullopt;
            discard(file);
        }
        return std::nullopt;
    }

private:
    struct File {
        std::string_view name;
        Descriptor descriptor; ///< nothing where it was not opened
        /// How many bytes each of the two reads had, or its errno below zero.
        std::array<std::int32_t, 2> counts{};
    };

    Ring(std::size_t files, KernelRing ring, char* room)
        : mostFiles_(std::min(files, kMostFiles)), ring_(std::move(ring)), room_(room) {
        files_.reserve(mostFiles_);
        toClose_.reserve(mostFiles_);
    }

    /// What the first read has room for; behind it come the second one's byte and the padding.
    std::size_t capacity() const {
        return slot_ - kInputPadding - 1;
    }

    bool isWhole(const File& file) const {
        // No bytes at first may also be a pipe that nobody has opened for writing yet.
        return file.counts[0] > 0 && static_cast<std::size_t>(file.counts[0]) < capacity() &&
               file.counts[1] == 0;
    }

    void discard(File& file) {
        if (file.descriptor)
            toClose_.push_back(std::move(file.descriptor));
    }

    Begun given(File& file, std::size_t index) {
        char* const bytes = room_ + index * slot_;
        std::size_t count = file.counts[0] > 0 ? static_cast<std::size_t>(file.counts[0]) : 0;
        if (isWhole(file)) {
            discard(file);
            return {.bytes = {bytes, count}, .whole = true, .file = Descriptor()};
        }
        if (file.counts[1] > 0)
            bytes[count++] = bytes[capacity()];
        return {.bytes = {bytes, count}, .whole = false, .file = std::move(file.descriptor)};
    }

    /// Opens and reads the next files that are expected; whether there are any.
    bool begin() {
        if (names_.empty() || broken_)
            return false;
        learn();
        files_.clear();
        next_ = 0;
        if (pause_ != 0) {
            --pause_;
            names_ = {};
            toClose_.clear();
            return false;
        }
        const std::size_t most = std::min({names_.size(), mostFiles_, kRoom / slot_});
        for (const std::string_view name : names_.first(most))
            files_.push_back({.name = name, .descriptor = open(name)});
        names_ = names_.subspan(most);
        if (!readThem()) {
            // What the kernel has begun moves on in the files, so they are of no more use; and
            // those that it was to close may be other files by now.
            broken_ = true;
            files_.clear();
        }
        return !files_.empty();
    }

    /// Finds out from the files before how many should be read together.
    void learn() {
        std::size_t opened = 0;
        std::size_t whole = 0;
        std::size_t larger = 0;
        std::size_t largest = 0;
        for (const File& file : files_) {
            const auto size = static_cast<std::size_t>(std::max(file.counts[0], 0));
            opened += file.counts[0] != -EBADF ? 1 : 0;
            whole += isWhole(file) ? 1 : 0;
            larger += size >= capacity() ? 1 : 0;
            largest = std::max(largest, size);
        }
        if (opened == 0)
            return;
        if (4 * larger > opened && slot_ < kMostSlot)
            slot_ *= 2;
        else if (whole == 0)
            pause_ = kPause; // not in memory yet, too large, or on a file system that has to wait
        else if (largest < slot_ / 4 && slot_ > kLeastSlot)
            slot_ /= 2;
    }

    static Descriptor open(std::string_view name) {
        if (!name.ends_with(".xml") || name.find('\0') != std::string_view::npos)
            return {};
        return openInput(std::string(name), O_NONBLOCK);
    }

    /// Reads the files and closes those before them; false where the kernel did not say that it did
    /// all of this.
    bool readThem() {
        bool any = false;
        for (std::size_t i = 0; i < files_.size(); ++i) {
            File& file = files_[i];
            file.counts = {-EBADF, -EBADF};
            if (!file.descriptor)
                continue;
            any = true;
            // The second one shows that the first came to the end, as a short read alone does not.
            char* const bytes = room_ + i * slot_;
            ring_.read(2 * i, file.descriptor.number(), bytes, capacity(), true);
            ring_.read(2 * i + 1, file.descriptor.number(), bytes + capacity(), 1, false);
        }
        if (any)
            for (Descriptor& file : toClose_)
                ring_.close(kClosing, file.release());
        toClose_.clear();
        return !any || ring_.perform([&](std::uint64_t data, std::int32_t result) {
            if (data != kClosing)
                files_[data / 2].counts.at(data % 2) = result;
        });
    }

    const std::size_t mostFiles_;
    KernelRing ring_;
    bool broken_ = false; ///< the kernel failed to answer once
    char* const room_;    ///< kRoom bytes
    std::size_t slot_ = kLeastSlot;
    std::size_t pause_ = 0;                   ///< so many expectations are left to the reader
    std::span<const std::string_view> names_; ///< expected, and not begun
    std::vector<File> files_;                 ///< begun
    std::size_t next_ = 0;                    ///< of files_, to be taken
    std::vector<Descriptor> toClose_;
};

ReadAhead::ReadAhead(std::unique_ptr<Ring> ring) : ring_(std::move(ring)) {}
ReadAhead::ReadAhead(ReadAhead&& other) noexcept = default;
ReadAhead& ReadAhead::operator=(ReadAhead&& other) noexcept = default;
ReadAhead::~ReadAhead() = default;

std::optional<ReadAhead> ReadAhead::make(std::size_t files) {
    auto ring = Ring::make(files);
    return ring ? std::optional(ReadAhead(std::move(ring))) : std::nullopt;
}

void ReadAhead::expect(std::span<const std::string_view> names) {
    ring_->expect(names);
}

std::optional<ReadAhead::Begun> ReadAhead::take(std::string_view name) {
    return ring_->take(name);
}

ReadAheads::ReadAheads(unsigned jobs) {
    if (jobs == 0)
        jobs = usableProcessors();
    // Those of one call are closed with the next one; half of all stay for what readers open.
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    const std::size_t files =
        std::min<std::size_t>(limit.rlim_cur / 4 / jobs, ReadAhead::kMostFiles);
    if (files < kLeastFiles)
        return;
    while (made_.size() < jobs) {
        auto one = ReadAhead::make(files);
        if (!one)
            return;
        made_.push_back(std::move(*one));
    }
}

std::optional<ReadAhead> ReadAheads::take() {
    const std::size_t index = taken_++;
    return index < made_.size() ? std::optional(std::move(made_[index])) : std::nullopt;
}

} // namespace hostcompat::input
