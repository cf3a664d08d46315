// SPDX-License-Identifier: LGPL-2.1-or-later
// Splits a list into paths.
#include "driver/input/path_list.hpp"

#include "driver/input/descriptor.hpp"
#include "driver/input/read_file.hpp"

#include <climits>

#include <cerrno>
#include <unistd.h>
#include <utility>

namespace hostcompat::input {

namespace {

constexpr std::size_t kBuffer = 65536;

} // namespace

struct PathList::State {
    explicit State(std::string name) : source(std::move(name)) {}

    Error failed(const char* action, int number) const {
        return {.kind = ErrorKind::input,
                .action = action,
                .subject = inputName(source),
                .line = 0,
                .errorNumber = number,
                .reason = "",
                .remedy = ""};
    }
    Error tooLong() const {
        return {.kind = ErrorKind::input,
                .action = "read the list",
                .subject = inputName(source),
                .line = entries,
                .errorNumber = ENAMETOOLONG,
                .reason = "",
                .remedy = ""};
    }
    Error noName() const {
        return {.kind = ErrorKind::usage,
                .action = "read the list",
                .subject = inputName(source),
                .line = 0,
                .errorNumber = 0,
                .reason = "it is empty",
                .remedy = "write one name on each line"};
    }
    Result<void> open();
    /// Appends the bytes of one read to the buffer; nothing at the end of the list.
    Result<void> more();
    std::size_t findEnd(std::size_t from);

    std::string source;
    Descriptor input;
    std::string buffer;
    std::size_t at = 0;
    std::size_t entries = 0;
    std::optional<char> separator;
    bool finished = false;
    /// Whether an entry or an Error was returned.
    bool gave = false;
    bool skipping = false;
};

Result<void> PathList::State::open() {
    if (!input)
        input = openInput(source);
    if (!input)
        return std::unexpected(failed("open the list", errno));
    return {};
}

Result<void> PathList::State::more() {
    buffer.erase(0, at);
    at = 0;
    const std::size_t before = buffer.size();
    buffer.resize(before + kBuffer);
    ssize_t count;
    do {
        count = ::read(input.number(), buffer.data() + before, kBuffer);
    } while (count < 0 && errno == EINTR);
    const int number = errno;
    buffer.resize(before + static_cast<std::size_t>(count > 0 ? count : 0));
    if (count < 0)
        return std::unexpected(failed("read the list", number));
    finished = count == 0;
    return {};
}

std::size_t PathList::State::findEnd(std::size_t from) {
    const std::string_view view(buffer);
    if (!separator) {
        const auto first = view.find_first_of(std::string_view("\n\0", 2), from);
        if (first != std::string_view::npos)
            separator = view[first];
        return first;
    }
    return view.find(*separator, from);
}

PathList::PathList(std::string source) : state_(std::make_unique<State>(std::move(source))) {}
PathList::PathList(PathList&&) noexcept = default;
PathList& PathList::operator=(PathList&&) noexcept = default;
PathList::~PathList() = default;

std::optional<Result<std::string>> PathList::next() {
    State& state = *state_;
    if (!state.finished) {
        if (auto opened = state.open(); !opened) {
            state.finished = true;
            state.gave = true;
            return std::unexpected(std::move(opened.error()));
        }
    }
    for (;;) {
        const auto end = state.findEnd(state.at);
        if (end == std::string_view::npos && !state.finished) {
            // No path is longer than PATH_MAX, so the rest of such an entry is dropped.
            if (state.buffer.size() - state.at > PATH_MAX) {
                state.skipping = true;
                state.at = state.buffer.size();
            }
            if (auto read = state.more(); !read) {
                state.finished = true;
                state.gave = true;
                state.buffer.clear();
                return std::unexpected(std::move(read.error()));
            }
            continue;
        }
        const bool last = end == std::string_view::npos;
        std::string entry = state.buffer.substr(state.at, last ? end : end - state.at);
        state.at = last ? state.buffer.size() : end + 1;
        if (!last || !entry.empty() || state.skipping)
            ++state.entries;
        const bool tooLong = std::exchange(state.skipping, false) || entry.size() > PATH_MAX;
        if (last && entry.empty() && !tooLong) {
            if (std::exchange(state.gave, true))
                return std::nullopt;
            return std::unexpected(state.noName());
        }
        state.gave = state.gave || tooLong || !entry.empty();
        if (tooLong)
            return std::unexpected(state.tooLong());
        if (!entry.empty())
            return entry;
    }
}

} // namespace hostcompat::input
