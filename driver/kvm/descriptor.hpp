// SPDX-License-Identifier: LGPL-2.1-or-later
// A descriptor that is closed through the Kernel interface, and the errors that are not an answer.
#pragma once

#include "driver/kvm/kernel.hpp"

#include <cerrno>
#include <cstdint>

namespace hostcompat::kvm {

/// An open descriptor of the device, a virtual machine or a vCPU; closes it at its end.
class Descriptor {
public:
    Descriptor(Kernel& kernel, int number) : kernel_(kernel), number_(number) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() {
        kernel_.close(number_);
    }
    Kernel& kernel() {
        return kernel_;
    }
    /// The one place where requests are made: an interrupted one is repeated. Returns the kernel's
    /// answer or a negated errno.
    int ioctl(unsigned long request, std::uintptr_t argument = 0) {
        int answer = 0;
        do {
            answer = kernel_.ioctl(number_, request, argument);
        } while (answer == -EINTR);
        return answer;
    }

private:
    Kernel& kernel_;
    int number_;
};

/// Whether an errno means that the system is short of a resource, so it is not an answer.
inline bool isResourceFailure(int errorNumber) {
    return errorNumber == EMFILE || errorNumber == ENFILE || errorNumber == ENOMEM ||
           errorNumber == ENOSPC || errorNumber == EAGAIN || errorNumber == EIO;
}

} // namespace hostcompat::kvm
