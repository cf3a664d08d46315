// SPDX-License-Identifier: LGPL-2.1-or-later
// The interface to the kernel, which tests replace: the three system calls that asking KVM needs.
#pragma once

#include <cstdint>

namespace hostcompat::kvm {

/// One method for each system call, without any logic, so that a test can fail each of them.
class Kernel {
public:
    Kernel() = default;
    Kernel(const Kernel&) = delete;
    Kernel& operator=(const Kernel&) = delete;
    virtual ~Kernel() = default;

    /// open(2). Returns a descriptor that the caller closes, or a negated errno.
    virtual int open(const char* path, int flags) = 0;
    /// ioctl(2); the argument is a number or the address of a struct that the caller owns.
    /// Returns the kernel's non-negative answer or a negated errno.
    virtual int ioctl(int descriptor, unsigned long request, std::uintptr_t argument) = 0;
    /// close(2). Its result says nothing that a caller could act on.
    virtual void close(int descriptor) = 0;
};

/// The running kernel.
class SystemKernel final : public Kernel {
public:
    int open(const char* path, int flags) override;
    int ioctl(int descriptor, unsigned long request, std::uintptr_t argument) override;
    void close(int descriptor) override;
};

} // namespace hostcompat::kvm
