// SPDX-License-Identifier: LGPL-2.1-or-later
// io_uring through raw calls (Linux include/uapi/linux/io_uring.h).
#include "driver/input/kernel_ring.hpp"

#include <linux/io_uring.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <unistd.h>
#include <utility>

namespace hostcompat::input {

namespace {

long registerAt(int ring, unsigned what, const void* argument, unsigned count) {
    return ::syscall(__NR_io_uring_register, ring, what, argument, count);
}

/// Lets the ring do what this file does, and enables it.
bool restrict(int ring) {
    std::array<io_uring_restriction, 3> only{};
    only[0].opcode = IORING_RESTRICTION_SQE_OP;
    only[0].sqe_op = IORING_OP_READ;
    only[1].opcode = IORING_RESTRICTION_SQE_OP;
    only[1].sqe_op = IORING_OP_CLOSE;
    only[2].opcode = IORING_RESTRICTION_SQE_FLAGS_ALLOWED;
    only[2].sqe_flags = IOSQE_IO_HARDLINK;
    return registerAt(ring, IORING_REGISTER_RESTRICTIONS, only.data(), only.size()) == 0 &&
           registerAt(ring, IORING_REGISTER_ENABLE_RINGS, nullptr, 0) == 0;
}

} // namespace

KernelRing::Mapping::Mapping(int ring, std::size_t size, std::uint64_t offset) {
    void* const start = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
                               ring, static_cast<off_t>(offset));
    if (start == MAP_FAILED)
        return;
    start_ = static_cast<char*>(start);
    size_ = size;
}

KernelRing::Mapping::Mapping(Mapping&& other) noexcept
    : start_(std::exchange(other.start_, nullptr)), size_(std::exchange(other.size_, 0)) {}

KernelRing::Mapping& KernelRing::Mapping::operator=(Mapping&& other) noexcept {
    std::swap(start_, other.start_);
    std::swap(size_, other.size_);
    return *this;
}

KernelRing::Mapping::~Mapping() {
    if (start_)
        ::munmap(start_, size_);
}

std::optional<KernelRing> KernelRing::make(unsigned entries) {
    io_uring_params how{};
    how.flags = IORING_SETUP_R_DISABLED;
    KernelRing made;
    made.ring_ = Descriptor(static_cast<int>(::syscall(__NR_io_uring_setup, entries, &how)));
    // Kernels that can restrict a ring have both queues in one mapping.
    if (!made.ring_ || (how.features & IORING_FEAT_SINGLE_MMAP) == 0)
        return std::nullopt;
    const std::size_t size = std::max(how.sq_off.array + how.sq_entries * sizeof(unsigned),
                                      how.cq_off.cqes + how.cq_entries * sizeof(io_uring_cqe));
    made.queues_ = Mapping(made.ring_.number(), size, IORING_OFF_SQ_RING);
    made.entries_ =
        Mapping(made.ring_.number(), how.sq_entries * sizeof(io_uring_sqe), IORING_OFF_SQES);
    if (!made.queues_ || !made.entries_ || !restrict(made.ring_.number()))
        return std::nullopt;
    made.tail_ = made.queues_.at<unsigned>(how.sq_off.tail);
    made.mask_ = *made.queues_.at<unsigned>(how.sq_off.ring_mask);
    made.answersHead_ = made.queues_.at<unsigned>(how.cq_off.head);
    made.answersTail_ = made.queues_.at<unsigned>(how.cq_off.tail);
    made.answersMask_ = *made.queues_.at<unsigned>(how.cq_off.ring_mask);
    made.answers_ = made.queues_.at<io_uring_cqe>(how.cq_off.cqes);
    // Each place of the queue means the entry of the same number.
    auto* const places = made.queues_.at<unsigned>(how.sq_off.array);
    for (unsigned i = 0; i < how.sq_entries; ++i)
        places[i] = i;
    return made;
}

io_uring_sqe& KernelRing::queue(std::uint64_t data) {
    // The kernel sees the new end only once the entry is filled in: in perform().
    io_uring_sqe& entry = entries_.at<io_uring_sqe>(0)[(*tail_ + unsubmitted_) & mask_];
    entry = {};
    entry.user_data = data;
    ++unsubmitted_;
    ++unanswered_;
    return entry;
}

void KernelRing::read(std::uint64_t data, int file, void* bytes, std::size_t size, bool link) {
    io_uring_sqe& entry = queue(data);
    entry.opcode = IORING_OP_READ;
    entry.flags = link ? IOSQE_IO_HARDLINK : 0;
    entry.fd = file;
    entry.off = ~std::uint64_t{0};
    entry.addr = reinterpret_cast<std::uintptr_t>(bytes);
    entry.len = static_cast<std::uint32_t>(size);
    entry.rw_flags = RWF_NOWAIT;
}

void KernelRing::close(std::uint64_t data, int file) {
    io_uring_sqe& entry = queue(data);
    entry.opcode = IORING_OP_CLOSE;
    entry.fd = file;
}

bool KernelRing::perform(
    const std::function<void(std::uint64_t data, std::int32_t result)>& answered) {
    std::atomic_ref(*tail_).store(*tail_ + unsubmitted_, std::memory_order_release);
    while (unanswered_ != 0) {
        const long count = ::syscall(__NR_io_uring_enter, ring_.number(), unsubmitted_, unanswered_,
                                     IORING_ENTER_GETEVENTS, nullptr, 0);
        if (count < 0 && errno != EINTR)
            return false;
        if (count > 0)
            unsubmitted_ -= static_cast<unsigned>(count);
        unsigned head = *answersHead_;
        const unsigned tail = std::atomic_ref(*answersTail_).load(std::memory_order_acquire);
        for (; head != tail; ++head, --unanswered_) {
            const io_uring_cqe& answer = answers_[head & answersMask_];
            answered(answer.user_data, answer.res);
        }
        std::atomic_ref(*answersHead_).store(head, std::memory_order_release);
    }
    return true;
}

} // namespace hostcompat::input
