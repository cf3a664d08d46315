// SPDX-License-Identifier: LGPL-2.1-or-later
// Enters the sandbox and then tries what it forbids, and what must go on working.
//
// Usage: try_everything none|sealed|reading|named FOLDER
// FOLDER holds "named" and "other". Prints one line for each attempt: its name, and "ok" or errno's
// name.
#include "driver/input/kernel_ring.hpp"
#include "driver/sandbox/sandbox.hpp"

#include <linux/io_uring.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <filesystem>
#include <functional>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

using hostcompat::sandbox::enterSandbox;
using hostcompat::sandbox::SandboxReach;

void say(const char* what, bool worked) {
    const int error = errno;
    std::printf("%s %s\n", what, worked ? "ok" : hostcompat::model::errorName(error).c_str());
}

void tryOpen(const char* what, const std::string& path, int flags) {
    const int descriptor = ::open(path.c_str(), flags, 0600);
    say(what, descriptor >= 0);
    if (descriptor >= 0)
        ::close(descriptor);
}

void tryChild(const char* what, const std::function<void()>& work) {
    const pid_t child = ::fork();
    say(what, child >= 0);
    if (child == 0) {
        work();
        ::_exit(0);
    }
    if (child > 0)
        ::waitpid(child, nullptr, 0);
}

void tryFiles(const std::string& folder) {
    tryOpen("open-named", folder + "/named", O_RDONLY);
    tryOpen("open-other", folder + "/other", O_RDONLY);
    tryOpen("open-write", folder + "/named", O_WRONLY);
    tryOpen("open-read-write", folder + "/named", O_RDWR);
    tryOpen("open-truncate", folder + "/named", O_RDONLY | O_TRUNC);
    tryOpen("open-create", folder + "/new", O_RDONLY | O_CREAT);
    DIR* listing = ::opendir(folder.c_str());
    say("open-folder", listing != nullptr);
    if (listing)
        ::closedir(listing);
    say("remove", ::unlink((folder + "/new-or-not").c_str()) == 0 || errno == ENOENT);
    say("rename",
        ::rename((folder + "/a").c_str(), (folder + "/b").c_str()) == 0 || errno == ENOENT);
    say("make-folder", ::mkdir((folder + "/folder").c_str(), 0700) == 0);
    say("change-mode", ::chmod((folder + "/named").c_str(), 0600) == 0);
}

void tryProcesses() {
    const int one = ::socket(AF_INET, SOCK_STREAM, 0);
    say("socket", one >= 0);
    int pair[2];
    say("socketpair", ::socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    tryChild("fork", [] {});
    char program[] = "true";
    char* arguments[] = {program, nullptr};
    // A program that exists would take this one's place.
    ::execve("/nonexistent/program", arguments, nullptr);
    say("execute", errno == ENOENT);
    // Being traced would stop this process at its end, so nobody is asked for.
    say("trace", ::ptrace(PTRACE_SEIZE, 0x3fffffff, nullptr, nullptr) == 0 || errno == ESRCH);
    say("signal-another", ::kill(::getppid(), 0) == 0);
    say("io-uring", ::syscall(425 /* io_uring_setup */, 1, nullptr) >= 0 || errno == EFAULT);
    say("memory-file", ::syscall(__NR_memfd_create, "x", 0) >= 0);
}

void tryMemoryAndThreads() {
    void* const code =
        ::mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    say("map-executable", code != MAP_FAILED);
    void* const data =
        ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    say("map-data", data != MAP_FAILED);
    say("make-executable", ::mprotect(data, 4096, PROT_READ | PROT_EXEC) == 0);
    bool ran = false;
    std::thread([&ran] { ran = true; }).join();
    say("thread", ran);
    bool inherited = false;
    std::thread([&inherited] { inherited = ::socket(AF_INET, SOCK_STREAM, 0) >= 0; }).join();
    say("thread-socket", inherited);
    char byte = 0;
    say("read-open", ::read(STDIN_FILENO, &byte, 1) >= 0);
}

/// The rings from before the sandbox: the one that reading ahead uses, whose memory what took over
/// the process would write itself, and one without limits, to show that this would work.
class Rings {
public:
    explicit Rings(const std::string& file)
        : file_(::open(file.c_str(), O_RDONLY)), limited_(hostcompat::input::KernelRing::make(4)) {
        for (const auto& open : std::filesystem::directory_iterator("/proc/self/fd"))
            if (std::filesystem::read_symlink(open) == "anon_inode:[io_uring]")
                limitedNumber_ = std::stoi(open.path().filename());
        unlimitedNumber_ = static_cast<int>(::syscall(__NR_io_uring_setup, 4, &how_));
    }

    /// Whether this machine has rings at all.
    bool made() const {
        return limited_ && limitedNumber_ >= 0 && unlimitedNumber_ >= 0;
    }

    void readThrough() {
        char byte = 0;
        int result = -EIO;
        limited_->read(1, file_, &byte, 1, false);
        const bool performed =
            limited_->perform([&](std::uint64_t, std::int32_t answer) { result = answer; });
        if (performed)
            errno = result < 0 ? -result : 0;
        say("ring-read", performed && result >= 0);
    }

    void misuse(bool limited, const std::string& folder) {
        const int ring = limited ? limitedNumber_ : unlimitedNumber_;
        const std::string path = folder + "/named";
        io_uring_sqe open{};
        open.opcode = IORING_OP_OPENAT;
        open.fd = AT_FDCWD;
        open.addr = reinterpret_cast<std::uintptr_t>(path.c_str());
        open.open_flags = O_RDWR;
        submit("ring-open", ring, open);
        io_uring_sqe write{};
        write.opcode = IORING_OP_WRITE;
        write.fd = STDERR_FILENO;
        submit("ring-write", ring, write);
        io_uring_sqe nothing{};
        nothing.opcode = IORING_OP_NOP;
        submit("ring-nothing", ring, nothing);
    }

private:
    void submit(const char* what, int ring, const io_uring_sqe& entry) {
        const auto map = [&](std::size_t size, off_t offset) {
            return static_cast<char*>(
                ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, ring, offset));
        };
        // Both rings are laid out alike.
        char* const queues =
            map(std::max<std::size_t>(how_.sq_off.array + how_.sq_entries * sizeof(unsigned),
                                      how_.cq_off.cqes + how_.cq_entries * sizeof(io_uring_cqe)),
                IORING_OFF_SQ_RING);
        char* const entries = map(how_.sq_entries * sizeof(io_uring_sqe), IORING_OFF_SQES);
        const auto number = [&](std::size_t offset) -> unsigned& {
            return *static_cast<unsigned*>(static_cast<void*>(queues + offset));
        };
        unsigned& tail = number(how_.sq_off.tail);
        const unsigned place = tail & number(how_.sq_off.ring_mask);
        std::memcpy(entries + place * sizeof entry, &entry, sizeof entry);
        number(how_.sq_off.array + place * sizeof(unsigned)) = place;
        ++tail;
        const long entered =
            ::syscall(__NR_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, nullptr, 0);
        if (entered < 1)
            return say(what, false);
        unsigned& head = number(how_.cq_off.head);
        io_uring_cqe answer{};
        std::memcpy(&answer,
                    queues + how_.cq_off.cqes +
                        (head & number(how_.cq_off.ring_mask)) * sizeof answer,
                    sizeof answer);
        ++head;
        errno = -answer.res;
        say(what, answer.res >= 0);
    }

    int file_;
    std::optional<hostcompat::input::KernelRing> limited_;
    int limitedNumber_ = -1;
    int unlimitedNumber_ = -1;
    io_uring_params how_{};
};

} // namespace

int main(int argc, char** argv) {
    if (argc != 3)
        return 2;
    const std::string form = argv[1];
    const std::string folder = argv[2];
    const std::vector<std::string> named{folder + "/named"};
    Rings rings(folder + "/named");
    if (form != "none") {
        const auto entered =
            form == "named"
                ? enterSandbox(SandboxReach::reading, named)
                : enterSandbox(form == "sealed" ? SandboxReach::sealed : SandboxReach::reading);
        if (!entered || !*entered) {
            std::puts(entered ? "unsupported" : "failed");
            return 1;
        }
    }
    std::printf("landlock %s\n", hostcompat::sandbox::sandboxSupport().landlock > 0 ? "ok" : "no");
    tryFiles(folder);
    tryProcesses();
    tryMemoryAndThreads();
    std::printf("rings %s\n", rings.made() ? "ok" : "no");
    if (rings.made()) {
        rings.readThrough();
        rings.misuse(form != "none", folder);
    }
    std::fflush(stdout);
    std::abort();
}
