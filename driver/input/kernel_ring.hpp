// SPDX-License-Identifier: LGPL-2.1-or-later
// The kernel's io_uring, as far as reading ahead uses it: many reads and closes in one call.
#pragma once

#include "driver/input/descriptor.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>

struct io_uring_cqe;
struct io_uring_sqe;

namespace hostcompat::input {

/// A ring that reads and closes descriptors which are open already, and can do nothing else: it is
/// restricted before it is enabled (Linux 5.10, io_uring_register(2)), so that a process in the
/// sandbox has no right through it that it has not otherwise. For one thread.
///
/// Raw calls, because liburing 2.3 (Debian 12) does not export what restricts a ring, and because
/// every library that is loaded lengthens the start of each command.
class KernelRing {
public:
    /// Nothing where the kernel has no such ring, or does not let this process have one; and where
    /// descriptors or memory are short.
    /// @param entries how many reads and closes can be queued at a time.
    static std::optional<KernelRing> make(unsigned entries);

    /// Queues a read(2) of what can be had without waiting, from where the file is at.
    /// @param data given back with the answer. @param bytes stay until the answer.
    /// @param link whether what is queued next waits for this read's end, however it ends.
    void read(std::uint64_t data, int file, void* bytes, std::size_t size, bool link);
    /// Queues a close(2).
    void close(std::uint64_t data, int file);

    /// Has the kernel do all that is queued, and tells each answer: its data, and what the call
    /// would return, or its errno below zero. False where the kernel did not answer everything; the
    /// ring is of no more use then.
    bool perform(const std::function<void(std::uint64_t data, std::int32_t result)>& answered);

    /// Queued, and not answered; the kernel may still write to the bytes of these.
    unsigned unanswered() const {
        return unanswered_;
    }

private:
    /// Memory that is shared with the kernel.
    class Mapping {
    public:
        Mapping() = default;
        Mapping(int ring, std::size_t size, std::uint64_t offset);
        Mapping(Mapping&& other) noexcept;
        Mapping& operator=(Mapping&& other) noexcept;
        ~Mapping();

        explicit operator bool() const {
            return start_ != nullptr;
        }
        template <typename T>
        T* at(std::size_t offset) const {
            return reinterpret_cast<T*>(start_ + offset); // the kernel aligns what lies there
        }

    private:
        char* start_ = nullptr;
        std::size_t size_ = 0;
    };

    KernelRing() = default;
    io_uring_sqe& queue(std::uint64_t data);

    Descriptor ring_;
    Mapping queues_;
    Mapping entries_;
    unsigned* tail_ = nullptr; ///< of what is queued; only this side moves it
    unsigned mask_ = 0;
    unsigned* answersHead_ = nullptr; ///< only this side moves it
    unsigned* answersTail_ = nullptr; ///< only the kernel moves it
    unsigned answersMask_ = 0;
    io_uring_cqe* answers_ = nullptr;
    unsigned unsubmitted_ = 0;
    unsigned unanswered_ = 0;
};

} // namespace hostcompat::input
