// SPDX-License-Identifier: LGPL-2.1-or-later
// Starts child processes, exchanges data with them, and kills those that time out.
#include "driver/process/child_process.hpp"

#include "driver/input/descriptor.hpp"

#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdint>
#include <fcntl.h>
#include <limits>
#include <memory>
#include <optional>
#include <poll.h>
#include <span>
#include <string_view>
#include <unistd.h>
#include <utility>

namespace hostcompat::process {

namespace {

using Clock = std::chrono::steady_clock;

/// The first byte of the result of a child's work. Output without it comes from a child that
/// crashed.
constexpr char kMark = 'A';

/// A stream between this process and a child.
struct Channel {
    input::Descriptor ours; ///< never blocks
    input::Descriptor childs;
};

/// Makes a channel, or returns the errno. Sockets, not pipes, because writing to a child that has
/// exited must not raise SIGPIPE.
std::expected<Channel, int> openChannel() {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
        return std::unexpected(errno);
    Channel channel{input::Descriptor(ends[0]), input::Descriptor(ends[1])};
    if (::fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0)
        return std::unexpected(errno);
    return channel;
}

/// This process' end of a channel.
struct Stream {
    input::Descriptor end;
    std::string* heard = nullptr;                               ///< null if bytes are sent
    std::size_t most = std::numeric_limits<std::size_t>::max(); ///< bytes that are kept
    std::string_view rest = {};                                 ///< bytes to be sent

    /// Receives what is available, or sends what the child accepts. Closed at the end of the data.
    void serve() {
        std::array<char, 65536> part;
        ssize_t count = 0;
        if (heard == nullptr) {
            count = ::send(end.number(), rest.data(), rest.size(), MSG_NOSIGNAL);
            rest.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
        } else if ((count = ::read(end.number(), part.data(), part.size())) > 0) {
            heard->append(part.data(),
                          std::min(most - heard->size(), static_cast<std::size_t>(count)));
        }
        const bool waits = count < 0 && (errno == EAGAIN || errno == EINTR);
        if (heard == nullptr ? rest.empty() || (count < 0 && !waits) : count <= 0 && !waits)
            end.close();
    }
};

/// A running child. The destructor kills it and its session.
class Child {
public:
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;
    ~Child() {
        end();
    }

    /// Starts a child that does the work, or returns the errno. The work may execute a program and
    /// never return.
    static std::expected<std::unique_ptr<Child>, int> start(const IsolatedWork& work,
                                                            std::chrono::milliseconds timeout);

    bool ended() const {
        return process_ == 0;
    }
    /// What the work returned; nothing if it did not.
    std::optional<std::string> answer() const {
        if (!answer_.starts_with(kMark) || waitStatus != 0)
            return std::nullopt;
        return answer_.substr(1);
    }
    /// Whether it has closed its channels and is about to exit.
    bool isSilent() const {
        return std::ranges::none_of(
            streams, [](const Stream& stream) { return stream.heard != nullptr && stream.end; });
    }
    /// Kills it if it has exited or its time is over.
    void endIfOver() {
        siginfo_t info{};
        const bool exited =
            isSilent() &&
            ::waitid(P_PID, static_cast<id_t>(process_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
            info.si_pid == process_;
        timedOut = !exited && deadline <= Clock::now();
        if (exited || timedOut)
            end();
    }

    const Clock::time_point deadline;
    std::vector<Stream> streams;
    int waitStatus = 0;
    bool timedOut = false;

private:
    Child(pid_t process, Clock::time_point end) : deadline(end), process_(process) {}

    void end() {
        if (process_ == 0)
            return;
        // Also kill the child itself, which may not have created its session yet.
        ::kill(-process_, SIGKILL);
        ::kill(process_, SIGKILL);
        while (::waitpid(process_, &waitStatus, 0) < 0 && errno == EINTR)
            ;
        process_ = 0;
    }

    pid_t process_;
    std::string answer_;
};

[[noreturn]] void doWork(const IsolatedWork& work, int answer, pid_t parent) {
    ::setsid();
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    int status = 1;
    try {
        if (::getppid() == parent && input::writeWhole(answer, kMark + work()) == 0)
            status = 0;
    } catch (...) {
        status = 1; // out of memory: the parent sees a child that failed
    }
    // Skip the exit handlers, because those of libraries belong to the parent.
    ::_exit(status);
}

std::expected<std::unique_ptr<Child>, int> Child::start(const IsolatedWork& work,
                                                        std::chrono::milliseconds timeout) {
    auto channel = openChannel();
    if (!channel)
        return std::unexpected(channel.error());
    const pid_t parent = ::getpid();
    const pid_t process = ::fork();
    if (process < 0)
        return std::unexpected(errno);
    if (process == 0)
        doWork(work, channel->childs.number(), parent);
    std::unique_ptr<Child> child(new Child(process, Clock::now() + timeout));
    child->streams.push_back({.end = std::move(channel->ours), .heard = &child->answer_});
    return child;
}

/// Waits until one of the running children sends or accepts data, ends or times out, and handles
/// that.
void attend(std::span<const std::unique_ptr<Child>> children) {
    std::vector<pollfd> watched;
    auto next = Clock::time_point::max();
    for (const auto& child : children) {
        for (const Stream& stream : child->streams)
            watched.push_back({.fd = stream.end.number(), // poll() ignores negative ones
                               .events = stream.heard != nullptr ? short{POLLIN} : short{POLLOUT},
                               .revents = 0});
        next = std::min(next, child->deadline);
        if (child->isSilent())
            next = std::min(next, Clock::now() + std::chrono::milliseconds(1));
    }
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(next - Clock::now()).count();
    ::poll(watched.data(), watched.size(),
           static_cast<int>(std::clamp<std::int64_t>(left, 0, 3'600'000)));
    auto at = watched.begin();
    for (const auto& child : children) {
        for (Stream& stream : child->streams)
            if ((at++)->revents != 0)
                stream.serve();
        child->endIfOver();
    }
}

Error systemError(std::string action, int errorNumber) {
    return {.kind = ErrorKind::system,
            .action = std::move(action),
            .errorNumber = errorNumber,
            .remedy = "free memory or descriptors"};
}

/// Makes the channels the standard streams, and executes the program. Returns the errno as digits
/// if that fails.
std::string become(char* const* command, std::span<const Channel, 3> channels) {
    for (int stream = 0; stream < 3; ++stream) {
        const int end = channels[static_cast<std::size_t>(stream)].childs.number();
        // If a descriptor already had this number, it would still be closed by exec.
        if ((end == stream ? ::fcntl(end, F_SETFD, 0) : ::dup2(end, stream)) < 0)
            return std::to_string(errno);
    }
    ::execvp(command[0], command);
    return std::to_string(errno);
}

IsolatedOutcome outcomeOf(const Child& child) {
    if (child.timedOut)
        return {.end = IsolatedOutcome::End::timedOut};
    if (auto answer = child.answer())
        return {.end = IsolatedOutcome::End::finished, .text = std::move(*answer)};
    return {.end = IsolatedOutcome::End::died,
            .text = {},
            .signal = WIFSIGNALED(child.waitStatus) ? WTERMSIG(child.waitStatus) : 0};
}

} // namespace

Result<ChildResult> runChild(const std::vector<std::string>& command, const std::string& input,
                             std::chrono::milliseconds timeout) {
    std::array<Channel, 3> channels;
    for (Channel& channel : channels) {
        auto opened = openChannel();
        if (!opened)
            return std::unexpected(systemError("start a program", opened.error()));
        channel = std::move(*opened);
    }
    std::vector<char*> arguments;
    arguments.reserve(command.size() + 1);
    for (const std::string& argument : command)
        arguments.push_back(const_cast<char*>(argument.c_str())); // execvp() does not write
    arguments.push_back(nullptr);
    const auto child = Child::start([&] { return become(arguments.data(), channels); }, timeout);
    if (!child)
        return std::unexpected(systemError("start a program", child.error()));
    ChildResult result;
    auto& streams = (*child)->streams;
    if (!input.empty())
        streams.push_back({.end = std::move(channels[0].ours), .rest = input});
    streams.push_back({std::move(channels[1].ours), &result.output, kMaximumChildOutput});
    streams.push_back({std::move(channels[2].ours), &result.errors, kMaximumChildOutput});
    channels = {};
    while (!(*child)->ended())
        attend({&*child, 1});
    if (const auto failure = (*child)->answer()) {
        Error error{.kind = ErrorKind::input, .action = "start", .subject = command.front()};
        std::from_chars(failure->data(), failure->data() + failure->size(), error.errorNumber);
        return std::unexpected(std::move(error));
    }
    const int status = (*child)->waitStatus;
    result.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    result.timedOut = (*child)->timedOut;
    return result;
}

Result<std::vector<IsolatedOutcome>> runIsolated(const std::vector<IsolatedWork>& work,
                                                 std::chrono::milliseconds timeout,
                                                 std::size_t jobs) {
    std::vector<IsolatedOutcome> outcomes(work.size());
    std::vector<std::unique_ptr<Child>> running;
    std::vector<std::size_t> places; ///< indexes of the running children in outcomes
    std::size_t next = 0;
    while (next < work.size() || !running.empty()) {
        while (next < work.size() && running.size() < std::max<std::size_t>(jobs, 1)) {
            auto child = Child::start(work[next], timeout);
            if (!child) {
                // If others are running, there will be resources again when they end.
                if (!running.empty())
                    break;
                return std::unexpected(systemError("start a process", child.error()));
            }
            running.push_back(std::move(*child));
            places.push_back(next++);
        }
        attend(running);
        for (std::size_t i = running.size(); i-- > 0;)
            if (running[i]->ended()) {
                outcomes[places[i]] = outcomeOf(*running[i]);
                running.erase(running.begin() + static_cast<std::ptrdiff_t>(i));
                places.erase(places.begin() + static_cast<std::ptrdiff_t>(i));
            }
    }
    return outcomes;
}

} // namespace hostcompat::process
