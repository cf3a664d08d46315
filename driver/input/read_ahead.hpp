// SPDX-License-Identifier: LGPL-2.1-or-later
// Reads the files that will be wanted next together, with one call to the kernel (io_uring).
#pragma once

#include "driver/input/descriptor.hpp"

#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hostcompat::input {

/// NUL bytes that lie behind what an InputReader gives, for readers that look ahead.
inline constexpr std::size_t kInputPadding = 64;

/// Files that are read before their turn. It only ever makes reading faster: what it did not open
/// or could not read is left to the reader, which then meets, and words, whatever was wrong.
///
/// The kernel's ring is made to take reads and closes of open descriptors and nothing else
/// (IORING_REGISTER_RESTRICTIONS, Linux 5.10), so that it gives a process in the sandbox no right
/// that it has not otherwise. One for each thread.
class ReadAhead {
public:
    /// A file that was opened before its turn.
    struct Begun {
        /// Bytes from its start, with room for kInputPadding more behind them; they stay until the
        /// next call of expect() or take().
        std::span<char> bytes;
        /// Whether these are all of it. Otherwise `file` is where the rest comes from.
        bool whole = false;
        /// Opened with O_NONBLOCK. Nothing is open where it is whole.
        Descriptor file;
    };

    /// Nothing where the kernel has no such ring or does not let this process have one. Call it
    /// before the sandbox is entered.
    /// @param files how many are read together, at most kMostFiles; twice as many may be open.
    static std::optional<ReadAhead> make(std::size_t files);
    ReadAhead(ReadAhead&& other) noexcept;
    ReadAhead& operator=(ReadAhead&& other) noexcept;
    ~ReadAhead();

    /// Names what will be taken next, in this order. Only names that end in ".xml" are opened
    /// before their turn: others may be pipes and devices, where opening does something. The names
    /// have to stay until they are taken or others are expected.
    void expect(std::span<const std::string_view> names);

    /// The file of that name, if it is the next that was expected and could be opened. Names that
    /// were expected before it are given up.
    std::optional<Begun> take(std::string_view name);

    static constexpr std::size_t kMostFiles = 16;

private:
    class Ring;
    explicit ReadAhead(std::unique_ptr<Ring> ring);

    std::unique_ptr<Ring> ring_;
};

/// One ReadAhead for each of the threads that will read.
class ReadAheads {
public:
    ReadAheads() = default;
    /// Makes as many as there are threads, or none: where the kernel has no such thing, and where
    /// no more than a few descriptors may be open.
    /// @param jobs threads; 0 for usableProcessors().
    explicit ReadAheads(unsigned jobs);

    /// One that no thread has yet, or nothing. By any number of threads at a time.
    std::optional<ReadAhead> take();

private:
    std::vector<ReadAhead> made_;
    std::atomic<std::size_t> taken_ = 0;
};

} // namespace hostcompat::input
