// SPDX-License-Identifier: LGPL-2.1-or-later
// The system calls on the running kernel.
#include "driver/kvm/kernel.hpp"

#include <sys/ioctl.h>

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

namespace hostcompat::kvm {

int SystemKernel::open(const char* path, int flags) {
    const int descriptor = ::open(path, flags);
    return descriptor < 0 ? -errno : descriptor;
}

int SystemKernel::ioctl(int descriptor, unsigned long request, std::uintptr_t argument) {
    const int answer = ::ioctl(descriptor, request, argument);
    return answer < 0 ? -errno : answer;
}

void SystemKernel::close(int descriptor) {
    ::close(descriptor);
}

} // namespace hostcompat::kvm
