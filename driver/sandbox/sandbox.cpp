// SPDX-License-Identifier: LGPL-2.1-or-later
// The list of system calls that processing a document needs, and entering the sandbox.
#include "driver/sandbox/sandbox.hpp"

#include "driver/sandbox/landlock.hpp"
#include "driver/sandbox/syscall_filter.hpp"

#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <asm/termbits.h> // the value of TCGETS depends on this struct on powerpc
#include <cerrno>
#include <cstdint>
#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

namespace hostcompat::sandbox {

namespace {

using filter::Rule;
using filter::Test;

// The flags are the first argument on all architectures except s390.
#ifdef __s390x__
constexpr std::uint8_t kCloneFlags = 1;
#else
constexpr std::uint8_t kCloneFlags = 0;
#endif

// Many system calls exist only on some architectures. Others have a more general call instead.
constexpr auto kSealedRules = std::to_array<Rule>({
    // Descriptors that are open.
    {__NR_read},
    {__NR_readv},
    {__NR_pread64},
    {__NR_write},
    {__NR_writev},
    {__NR_lseek},
    {__NR_close},
    {__NR_fstat},
    {__NR_fadvise64},
    // How the C library gets the status of an open descriptor.
    {__NR_newfstatat, Test::allOf, 3, AT_EMPTY_PATH},
    {__NR_statx, Test::allOf, 2, AT_EMPTY_PATH},
    // Finding out whether an output is a terminal, and how wide it is.
    {__NR_ioctl, Test::equals, 1, TCGETS, TIOCGWINSZ},
    {__NR_fcntl, Test::equals, 1, F_GETFL, F_DUPFD_CLOEXEC},
    {__NR_ppoll},
#ifdef __NR_poll
    {__NR_poll},
#endif
    // Memory that is never executed.
    {__NR_brk},
    {__NR_mmap, Test::noneOf, 2, PROT_EXEC},
    {__NR_mprotect, Test::noneOf, 2, PROT_EXEC},
    {__NR_munmap},
    {__NR_mremap},
    {__NR_madvise},
    // Threads, but not processes.
    {__NR_clone, Test::allOf, kCloneFlags, CLONE_THREAD},
    {__NR_unshare, Test::equals, 0, CLONE_FILES, CLONE_FILES},
    {__NR_futex},
    {__NR_set_robust_list},
    {__NR_rseq},
    {__NR_membarrier},
    {__NR_sched_yield},
    {__NR_sched_getaffinity},
    {__NR_getpid},
    {__NR_gettid},
    // Signals that a thread sends to its own process, as abort() does.
    {__NR_tgkill, Test::ownProcess, 0},
    {__NR_rt_sigaction},
    {__NR_rt_sigprocmask},
    {__NR_rt_sigreturn},
    {__NR_sigaltstack},
    {__NR_restart_syscall},
    // Time and random numbers.
    {__NR_clock_gettime},
    {__NR_clock_nanosleep},
    {__NR_nanosleep},
    {__NR_gettimeofday},
#ifdef __NR_time
    {__NR_time},
#endif
    {__NR_getrandom},
    {__NR_exit},
    {__NR_exit_group},
});

constexpr auto kReadingRules = std::to_array<Rule>({
#ifdef __NR_open
    {__NR_open, Test::noneOf, 1, O_WRONLY | O_RDWR | O_CREAT | O_TRUNC},
#endif
    {__NR_openat, Test::noneOf, 2, O_WRONLY | O_RDWR | O_CREAT | O_TRUNC},
    {__NR_getdents64},
#ifdef __NR_stat
    {__NR_stat},
    {__NR_lstat},
#endif
#ifdef __NR_readlink
    {__NR_readlink},
#endif
    {__NR_readlinkat},
    // The same calls as in the list above, also by path.
    {__NR_newfstatat},
    {__NR_statx},
});

/// The sealed rules, in which the rules for reading replace those for the same call.
consteval auto readingRules() {
    std::array<Rule, kSealedRules.size() + kReadingRules.size() - 2> rules{};
    std::size_t count = 0;
    for (const Rule& rule : kSealedRules)
        if (std::ranges::find(kReadingRules, rule.number, &Rule::number) == kReadingRules.end())
            rules.at(count++) = rule;
    for (const Rule& rule : kReadingRules)
        rules.at(count++) = rule;
    if (count != rules.size())
        throw "another number of calls is in both lists";
    return rules;
}

constexpr auto kSealed = filter::assemble(kSealedRules);
constexpr auto kReading = filter::assemble(readingRules());

/// seccomp(2), for which the C library has no function.
int seccomp(unsigned operation, unsigned flags, void* argument) {
    return static_cast<int>(::syscall(__NR_seccomp, operation, flags, argument));
}

/// Installs a filter; returns 0 or errno.
template <std::size_t N>
int install(filter::Program<N> program) {
    for (std::size_t i = 0; i < program.ownProcesses; ++i)
        program.code[program.ownProcess[i]].k = static_cast<std::uint32_t>(::getpid());
    sock_fprog form{.len = static_cast<unsigned short>(program.length),
                    .filter = program.code.data()};
    // Without this flag, kernels before 5.16 slow down the whole process with a mitigation of
    // speculative store bypass, which only protects the process from code inside it.
    if (seccomp(SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, &form) == 0)
        return 0;
    if (errno != EINVAL)
        return errno;
    return seccomp(SECCOMP_SET_MODE_FILTER, 0, &form) == 0 ? 0 : errno;
}

/// Whether the errno means that the kernel, or the container around the process, does not offer
/// this.
bool isUnsupported(int errorNumber) {
    return errorNumber == ENOSYS || errorNumber == EINVAL || errorNumber == EOPNOTSUPP ||
           errorNumber == EPERM || errorNumber == EACCES;
}

Error failed(std::string call, int errorNumber) {
    return {.kind = ErrorKind::system,
            .action = "enter the sandbox with",
            .subject = std::move(call),
            .line = 0,
            .errorNumber = errorNumber,
            .reason = "",
            .remedy = "try again, or give --no-sandbox where the documents are trusted"};
}

} // namespace

Result<bool> enterSandbox(SandboxReach reach, std::span<const std::string> only) {
    // The kernel requires this, so that no program with more rights can be started under a filter.
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return isUnsupported(errno) ? Result<bool>(false)
                                    : std::unexpected(failed("prctl(PR_SET_NO_NEW_PRIVS)", errno));
    if (reach == SandboxReach::reading && !only.empty())
        if (const int error = landlock::readOnly(only); error != 0 && !isUnsupported(error))
            return std::unexpected(failed("Landlock", error));
    const int error = reach == SandboxReach::sealed ? install(kSealed) : install(kReading);
    if (error == 0)
        return true;
    if (isUnsupported(error))
        return false;
    return std::unexpected(failed("seccomp(SECCOMP_SET_MODE_FILTER)", error));
}

SandboxSupport sandboxSupport() {
    SandboxSupport support{.built = true, .landlock = landlock::abiVersion()};
    std::uint32_t action = SECCOMP_RET_ERRNO;
    support.filter = seccomp(SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
    support.errorNumber = support.filter ? 0 : errno;
    return support;
}

} // namespace hostcompat::sandbox
