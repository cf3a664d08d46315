// SPDX-License-Identifier: LGPL-2.1-or-later
// Starts children, gathers what they say, and kills the late ones.
#include "driver/process/isolated.hpp"

#include "driver/input/descriptor.hpp"

#include <sys/prctl.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <optional>
#include <poll.h>
#include <unistd.h>
#include <utility>

namespace hostcompat::process {

namespace {

using Clock = std::chrono::steady_clock;

/// The first byte of a child's message; what comes without it is the rest of a crash.
constexpr char kMark = 'A';

/// One running child. Killed with its whole session, and waited for, when it goes out of scope.
class Child {
public:
    Child(pid_t process, input::Descriptor answer, std::size_t place, Clock::time_point end)
        : index(place), deadline(end), process_(process), answer_(std::move(answer)) {}
    Child(Child&& other) noexcept
        : index(other.index), deadline(other.deadline), text(std::move(other.text)),
          process_(std::exchange(other.process_, 0)), answer_(std::move(other.answer_)) {}
    Child& operator=(Child&& other) noexcept {
        std::swap(index, other.index);
        std::swap(deadline, other.deadline);
        std::swap(text, other.text);
        std::swap(process_, other.process_);
        std::swap(answer_, other.answer_);
        return *this;
    }
    ~Child() {
        end();
    }

    int descriptor() const {
        return answer_.number();
    }

    /// Reads what is there. Returns whether the child has said everything.
    bool read() {
        std::array<char, 65536> buffer;
        const ssize_t count = ::read(answer_.number(), buffer.data(), buffer.size());
        if (count > 0)
            text.append(buffer.data(), static_cast<std::size_t>(count));
        return count == 0 || (count < 0 && errno != EINTR && errno != EAGAIN);
    }

    /// Kills what is left of the child and its descendants, and returns its wait status.
    int end() {
        if (process_ == 0)
            return 0;
        // By itself too: it may not have become the leader of its session yet.
        ::kill(-process_, SIGKILL);
        ::kill(process_, SIGKILL);
        int status = 0;
        while (::waitpid(process_, &status, 0) < 0 && errno == EINTR)
            ;
        process_ = 0;
        return status;
    }

    /// Waits for a child that closed its answer; it is about to exit. Returns its wait status.
    int finish() {
        siginfo_t info{};
        while (::waitid(P_PID, static_cast<id_t>(process_), &info, WEXITED | WNOWAIT) < 0 &&
               errno == EINTR)
            ;
        return end();
    }

    std::size_t index;
    Clock::time_point deadline;
    std::string text;

private:
    pid_t process_;
    input::Descriptor answer_;
};

[[noreturn]] void runChild(const IsolatedWork& work, int answer, pid_t parent) {
    ::setsid();
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent)
        ::_exit(1);
    int status = 0;
    try {
        std::string text = work();
        text.insert(text.begin(), kMark);
        status = input::writeWhole(answer, text) == 0 ? 0 : 1;
    } catch (...) {
        status = 1; // out of memory: the parent sees a child that failed
    }
    // Without exit handlers: what libraries registered belongs to the parent.
    ::_exit(status);
}

/// Starts a child, or says with an errno why not.
std::expected<Child, int> start(const IsolatedWork& work, std::size_t index,
                                std::chrono::milliseconds timeout) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0)
        return std::unexpected(errno);
    input::Descriptor answer(ends[0]);
    const input::Descriptor writing(ends[1]);
    const pid_t parent = ::getpid();
    const pid_t process = ::fork();
    if (process < 0)
        return std::unexpected(errno);
    if (process == 0)
        runChild(work, ends[1], parent);
    return Child(process, std::move(answer), index, Clock::now() + timeout);
}

IsolatedOutcome outcomeOf(Child& child) {
    const int status = child.finish();
    if (child.text.starts_with(kMark) && WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return {.end = IsolatedOutcome::End::finished, .text = child.text.substr(1)};
    return {.end = IsolatedOutcome::End::died,
            .text = {},
            .signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0};
}

/// Waits until a child speaks or is late, and takes those away that are done.
void waitForSome(std::vector<Child>& running, std::vector<IsolatedOutcome>& outcomes) {
    std::vector<pollfd> waiting;
    auto next = Clock::time_point::max();
    for (const Child& child : running) {
        waiting.push_back({.fd = child.descriptor(), .events = POLLIN, .revents = 0});
        next = std::min(next, child.deadline);
    }
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(next - Clock::now()).count();
    ::poll(waiting.data(), waiting.size(),
           static_cast<int>(std::clamp<std::int64_t>(left, 0, 3'600'000)));
    const auto now = Clock::now();
    for (std::size_t place = running.size(); place-- > 0;) {
        Child& child = running[place];
        if (waiting[place].revents != 0 && child.read()) {
            outcomes[child.index] = outcomeOf(child);
        } else if (child.deadline <= now) {
            child.end();
            outcomes[child.index] = {.end = IsolatedOutcome::End::timedOut};
        } else {
            continue;
        }
        running.erase(running.begin() + static_cast<std::ptrdiff_t>(place));
    }
}

} // namespace

Result<std::vector<IsolatedOutcome>> runIsolated(const std::vector<IsolatedWork>& work,
                                                 std::chrono::milliseconds timeout,
                                                 std::size_t jobs) {
    std::vector<IsolatedOutcome> outcomes(work.size());
    std::vector<Child> running;
    std::size_t next = 0;
    while (next < work.size() || !running.empty()) {
        while (next < work.size() && running.size() < std::max<std::size_t>(jobs, 1)) {
            auto child = start(work[next], next, timeout);
            if (!child) {
                // With some at work there will be room again when they are done.
                if (!running.empty())
                    break;
                return std::unexpected(Error{.kind = ErrorKind::system,
                                             .action = "start a process",
                                             .errorNumber = child.error(),
                                             .remedy = "free memory or descriptors"});
            }
            running.push_back(std::move(*child));
            ++next;
        }
        waitForSome(running, outcomes);
    }
    return outcomes;
}

} // namespace hostcompat::process
