// SPDX-License-Identifier: LGPL-2.1-or-later
// Starts a child with posix_spawn, feeds it and listens to it until it ends or the time is over.
#include "driver/process/child_process.hpp"

#include "driver/input/descriptor.hpp"

#include <sys/socket.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <optional>
#include <poll.h>
#include <spawn.h>
#include <thread>
#include <unistd.h>
#include <utility>

namespace hostcompat::process {

namespace {

using Clock = std::chrono::steady_clock;

struct Channel {
    input::Descriptor ours;
    input::Descriptor childs;
};

/// Sockets rather than pipes: writing to a child that is gone must not raise SIGPIPE.
bool open(Channel& channel) {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
        return false;
    channel.ours = input::Descriptor(ends[0]);
    channel.childs = input::Descriptor(ends[1]);
    return ::fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0;
}

/// A running child; killed with its group and reaped at the end of its life.
class Child {
public:
    explicit Child(pid_t pid) : pid_(pid) {}
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;
    ~Child() {
        if (pid_ > 0)
            kill();
    }
    /// Its status, as a shell would give it.
    int kill() {
        ::kill(-pid_, SIGKILL);
        int status = 0;
        while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
        }
        return ended(status);
    }
    /// Its status, or nothing where it still runs when the time is over.
    std::optional<int> wait(Clock::time_point end) {
        int status = 0;
        // A child that closed its streams ends at once, so this hardly ever waits.
        while (::waitpid(pid_, &status, WNOHANG) == 0) {
            if (Clock::now() >= end)
                return std::nullopt;
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
        return ended(status);
    }

private:
    int ended(int status) {
        pid_ = 0;
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }

    pid_t pid_;
};

Error systemError(std::string_view call, int errorNumber) {
    return {.kind = ErrorKind::system,
            .action = "start a program",
            .subject = std::string(call),
            .errorNumber = errorNumber};
}

/// Starts the program in a group of its own with the three streams. 0 or an error number.
int start(const std::vector<std::string>& command, const std::array<int, 3>& streams, pid_t& pid) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    if (int error = ::posix_spawn_file_actions_init(&actions); error != 0)
        return error;
    if (int error = ::posix_spawnattr_init(&attributes); error != 0) {
        ::posix_spawn_file_actions_destroy(&actions);
        return error;
    }
    for (int stream = 0; stream < 3; ++stream)
        ::posix_spawn_file_actions_adddup2(&actions, streams[static_cast<std::size_t>(stream)],
                                           stream);
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    std::vector<char*> arguments;
    arguments.reserve(command.size() + 1);
    for (const std::string& argument : command)
        arguments.push_back(const_cast<char*>(argument.c_str())); // posix_spawnp() does not write
    arguments.push_back(nullptr);
    const int error =
        ::posix_spawnp(&pid, arguments[0], &actions, &attributes, arguments.data(), environ);
    ::posix_spawnattr_destroy(&attributes);
    ::posix_spawn_file_actions_destroy(&actions);
    return error;
}

/// Takes what there is; false at the end of the stream.
bool drain(int number, std::string& kept) {
    std::array<char, 65536> part;
    for (;;) {
        const ssize_t count = ::read(number, part.data(), part.size());
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return count < 0 && errno == EAGAIN;
        const std::size_t room = kMaximumChildOutput - kept.size();
        kept.append(part.data(), std::min(room, static_cast<std::size_t>(count)));
    }
}

/// Feeds and listens until both output streams end. False where the time was over first.
bool converse(std::array<Channel, 3>& channels, const std::string& input, Clock::time_point end,
              ChildResult& result) {
    std::size_t sent = 0;
    if (input.empty())
        channels[0].ours.close();
    while (channels[1].ours || channels[2].ours) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now());
        if (left.count() <= 0)
            return false;
        std::array<pollfd, 3> watched{};
        for (std::size_t i = 0; i < 3; ++i)
            watched[i] = {channels[i].ours.number(), static_cast<short>(i == 0 ? POLLOUT : POLLIN),
                          0};
        if (::poll(watched.data(), watched.size(), static_cast<int>(left.count())) < 0 &&
            errno != EINTR)
            return false;
        if (watched[0].revents != 0) {
            const ssize_t count = ::send(channels[0].ours.number(), input.data() + sent,
                                         input.size() - sent, MSG_NOSIGNAL);
            if (count > 0)
                sent += static_cast<std::size_t>(count);
            if (sent == input.size() || (count < 0 && errno != EAGAIN && errno != EINTR))
                channels[0].ours.close();
        }
        if (watched[1].revents != 0 && !drain(channels[1].ours.number(), result.output))
            channels[1].ours.close();
        if (watched[2].revents != 0 && !drain(channels[2].ours.number(), result.errors))
            channels[2].ours.close();
    }
    return true;
}

} // namespace

Result<ChildResult> runChild(const std::vector<std::string>& command, const std::string& input,
                             std::chrono::milliseconds timeout) {
    const Clock::time_point end = Clock::now() + timeout;
    std::array<Channel, 3> channels;
    for (Channel& channel : channels)
        if (!open(channel))
            return std::unexpected(systemError("socketpair", errno));
    pid_t pid = 0;
    const int error = start(
        command,
        {channels[0].childs.number(), channels[1].childs.number(), channels[2].childs.number()},
        pid);
    if (error == ENOMEM || error == EAGAIN)
        return std::unexpected(systemError("posix_spawn", error));
    if (error != 0)
        return std::unexpected(Error{.kind = ErrorKind::input,
                                     .action = "start",
                                     .subject = command.front(),
                                     .errorNumber = error});
    Child child(pid);
    for (Channel& channel : channels)
        channel.childs.close();
    ChildResult result;
    std::optional<int> status;
    if (converse(channels, input, end, result))
        status = child.wait(end);
    result.timedOut = !status;
    result.status = status ? *status : child.kill();
    return result;
}

} // namespace hostcompat::process
