// SPDX-License-Identifier: LGPL-2.1-or-later
// Enters the sandbox, and then tries everything that it forbids and that it permits.
//
// Usage: try_everything none|sealed|reading|named FOLDER
// FOLDER contains "named" and "other". Prints one line for each attempt: its name, and "ok" or the
// name of the errno.
#include "driver/sandbox/sandbox.hpp"

#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <dirent.h>
#include <fcntl.h>
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
    // An existing program would replace this one.
    ::execve("/nonexistent/program", arguments, nullptr);
    say("execute", errno == ENOENT);
    // Tracing a real process would stop it when this one ends, so use a process ID that does not
    // exist.
    say("trace", ::ptrace(PTRACE_SEIZE, 0x3fffffff, nullptr, nullptr) == 0 || errno == ESRCH);
    say("signal-another", ::kill(::getppid(), 0) == 0);
    say("io-uring", ::syscall(425 /* io_uring_setup */, 1, nullptr) >= 0 || errno == EFAULT);
    say("io-uring-enter",
        ::syscall(426 /* io_uring_enter */, -1, 0, 0, 0, nullptr, 0) >= 0 || errno == EBADF);
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

} // namespace

int main(int argc, char** argv) {
    if (argc != 3)
        return 2;
    const std::string form = argv[1];
    const std::string folder = argv[2];
    const std::vector<std::string> named{folder + "/named"};
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
    std::fflush(stdout);
    std::abort();
}
