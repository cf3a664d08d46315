// SPDX-License-Identifier: LGPL-2.1-or-later
// The command "publish": writes the answer for schedulers and monitoring.
#include "driver/input/descriptor.hpp"
#include "driver/input/read_file.hpp"
#include "driver/input/trusted_file.hpp"
#include "driver/process/child_process.hpp"
#include "driver/publish/output.hpp"
#include "driver/text/utc_time.hpp"
#include "tools/command.hpp"
#include "tools/host_source.hpp"
#include "tools/options.hpp"

#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <fcntl.h>
#include <memory>

namespace hostcompat::tools {

namespace {

using publish::Format;
using publish::Output;
using publish::OutputState;
using publish::Written;

struct PublishOptions {
    std::string root = "/";
    std::string probe;
    std::string format;
    std::vector<std::string> formats;
    bool quiet = false;
    bool noSandbox = false;
};

std::filesystem::path configPath(const PublishOptions& options) {
    return std::filesystem::path(options.root) / "etc/virt-host-compat/publish.conf";
}

Error unknownFormat(std::string_view name) {
    std::string known;
    for (const Format& format : publish::formats())
        known += fmt::format("{}{}", known.empty() ? "" : ", ", format.name);
    return {.kind = ErrorKind::usage,
            .action = "publish",
            .subject = std::string(name),
            .reason = "there is no such format",
            .remedy = fmt::format("the formats are {}", known)};
}

/// The enabled outputs; none if publish.conf is missing.
Result<std::vector<Output>> enabledOutputs(const PublishOptions& options) {
    const auto path = configPath(options);
    const auto text = input::readTrusted(path.string());
    if (!text) {
        if (text.error().errorNumber == ENOENT)
            return std::vector<Output>();
        return std::unexpected(text.error());
    }
    return publish::parseConfig(*text, path.string(), options.root);
}

/// The lock that prevents two runs from changing files at the same time; released with the
/// descriptor.
Result<input::Descriptor> lock(const PublishOptions& options) {
    const auto folder = std::filesystem::path(options.root) / "run/virt-host-compat";
    if (auto made = input::makeFolders(folder); !made)
        return std::unexpected(std::move(made.error()));
    const auto path = folder / "publish.lock";
    input::Descriptor file(
        ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR));
    if (!file || ::flock(file.number(), LOCK_EX) != 0)
        return std::unexpected(
            Error{.kind = ErrorKind::system,
                  .action = "lock",
                  .subject = path.string(),
                  .errorNumber = errno,
                  .remedy = errno == EACCES || errno == EPERM ? "run as root" : ""});
    return file;
}

/// What is written to the outputs.
struct Contents {
    /// yes, or unknown if the host's modes are unknown. Any other status means that an error has
    /// been printed.
    Status status = Status::system;
    /// One for each output; empty if there must be no file.
    std::vector<std::string> texts;
};

Contents contentsOf(const PublishOptions& options, const std::vector<Output>& outputs,
                    Console& console) {
    const auto host = lookAtHost(options.probe, options.noSandbox);
    if (!host)
        return {.status = console.fail(host.error()), .texts = {}};
    warnOfDoubtfulSource(host->record.compat, input::inputName(options.probe), console);
    Contents contents{.status = host->record.compat.known ? Status::yes : Status::unknown,
                      .texts = {}};
    for (const Output& output : outputs)
        contents.texts.push_back(output.format->render(host->record));
    return contents;
}

/// Like contentsOf(). A child process drops its privileges and parses the record; this process
/// keeps the right to write the files.
Contents isolatedContents(const PublishOptions& options, const std::vector<Output>& outputs,
                          Console& console) {
    if (options.probe.empty())
        return contentsOf(options, outputs, console);
    const auto work = [&] {
        const Contents contents = contentsOf(options, outputs, console);
        std::string packed(1, static_cast<char>(contents.status));
        for (const std::string& text : contents.texts)
            packed += text + '\0';
        return packed;
    };
    constexpr std::chrono::seconds kPatience{30};
    const auto outcomes = process::runIsolated({work}, kPatience, 1);
    if (!outcomes)
        return {.status = console.fail(outcomes.error()), .texts = {}};
    const std::string& packed = outcomes->front().text;
    if (outcomes->front().end != process::IsolatedOutcome::End::finished || packed.empty())
        return {.status = console.fail({.kind = ErrorKind::system,
                                        .action = "read",
                                        .subject = options.probe,
                                        .reason = "the child process that reads it ended early"}),
                .texts = {}};
    Contents contents{.status = static_cast<Status>(packed.front()), .texts = {}};
    for (std::size_t begin = 1; begin < packed.size();) {
        const auto end = packed.find('\0', begin);
        contents.texts.push_back(packed.substr(begin, end - begin));
        begin = end + 1;
    }
    return contents;
}

bool hasAnswer(Status status) {
    return status == Status::yes || status == Status::unknown;
}

void sayLost(const Output& output, const Written& written, Console& console) {
    for (const std::string& name : written.lost)
        console.warn(fmt::format(
            "{}: this host lost {}, but Placement keeps the trait until it is removed: list the "
            "traits with 'openstack resource provider trait list UUID', set them without it with "
            "'openstack resource provider trait set', and restart nova-compute",
            output.format->name, name));
}

std::string_view changeText(Written::Change change) {
    switch (change) {
    case Written::Change::written:
        return "wrote";
    case Written::Change::unchanged:
        return "unchanged:";
    case Written::Change::removed:
        return "removed";
    case Written::Change::none:
        break;
    }
    return "nothing to write to";
}

Status run(const PublishOptions& options, Console& console) {
    console.setQuiet(options.quiet);
    const auto outputs = enabledOutputs(options);
    if (!outputs)
        return console.fail(outputs.error());
    if (outputs->empty()) {
        console.printLine("no format is enabled; see 'virt-host-compat publish enable --help'");
        return Status::yes;
    }
    const auto locked = lock(options);
    if (!locked)
        return console.fail(locked.error());
    const Contents contents = isolatedContents(options, *outputs, console);
    // Also if the host's modes are unknown: the systemd units treat status 4 as success.
    Status failure = Status::yes;
    for (std::size_t index = 0; hasAnswer(contents.status) && index < outputs->size(); ++index) {
        const Output& output = (*outputs)[index];
        const auto written = publish::writeOutput(output, contents.texts[index]);
        if (!written) {
            failure = worse(failure, console.fail(written.error()));
            continue;
        }
        console.printLine(fmt::format("{}: {} {}", output.format->name, changeText(written->change),
                                      output.path.string()));
        sayLost(output, *written, console);
    }
    return failure == Status::yes ? contents.status : failure;
}

Status print(const PublishOptions& options, Console& console) {
    console.setQuiet(options.quiet);
    const Format* format = publish::findFormat(options.format);
    if (format == nullptr)
        return console.fail(unknownFormat(options.format));
    const Contents contents = contentsOf(options, {{.format = format, .path = {}}}, console);
    if (hasAnswer(contents.status))
        console.printExact(contents.texts.front());
    return contents.status;
}

/// FORMAT or FORMAT=PATH.
Result<Output> parseOutput(std::string_view text, const PublishOptions& options) {
    const auto equals = text.find('=');
    const Format* format = publish::findFormat(text.substr(0, equals));
    if (format == nullptr)
        return std::unexpected(unknownFormat(text.substr(0, equals)));
    Output output{.format = format, .path = std::filesystem::path(options.root) / format->path};
    if (equals == std::string_view::npos)
        return output;
    const std::filesystem::path path = text.substr(equals + 1);
    if (!path.is_absolute())
        return std::unexpected(Error{.kind = ErrorKind::usage,
                                     .action = "publish",
                                     .subject = std::string(text),
                                     .reason = "the path is not absolute"});
    output.path = publish::belowRoot(path, options.root);
    return output;
}

/// Checks that reading the list that will be written gives these outputs.
Result<void> checkConfig(const PublishOptions& options, const std::vector<Output>& outputs) {
    const auto refuse = [](std::string reason, std::string remedy) {
        return std::unexpected(Error{.kind = ErrorKind::usage,
                                     .action = "publish",
                                     .reason = std::move(reason),
                                     .remedy = std::move(remedy)});
    };
    for (auto each = outputs.begin(); each != outputs.end(); ++each)
        if (const auto other =
                std::find_if(outputs.begin(), each,
                             [&](const Output& former) { return former.path == each->path; });
            other != each)
            return refuse(fmt::format("{} and {} would write the same file, {}",
                                      other->format->name, each->format->name, each->path.string()),
                          "name another path for one of them");
    const auto again =
        publish::parseConfig(publish::configText(outputs, options.root), "", options.root);
    if (!again || !std::ranges::equal(*again, outputs, {}, &Output::path, &Output::path))
        return refuse("a path has a line end in it, or blanks at its end", "name another one");
    return {};
}

Result<void> writeConfig(const PublishOptions& options, const std::vector<Output>& outputs) {
    const auto path = configPath(options);
    const auto written =
        outputs.empty() ? input::removeManaged(path)
                        : input::writeManaged(path, publish::configText(outputs, options.root));
    if (!written)
        return std::unexpected(written.error());
    return {};
}

Status enable(const PublishOptions& options, Console& console) {
    std::vector<Output> added;
    for (const std::string& text : options.formats) {
        auto output = parseOutput(text, options);
        if (!output)
            return console.fail(output.error());
        added.push_back(std::move(*output));
    }
    const auto locked = lock(options);
    if (!locked)
        return console.fail(locked.error());
    auto outputs = enabledOutputs(options);
    if (!outputs)
        return console.fail(outputs.error());
    std::vector<Output> left;
    for (Output& output : added) {
        const auto there = std::ranges::find(*outputs, output.format, &Output::format);
        if (there == outputs->end()) {
            outputs->push_back(std::move(output));
            continue;
        }
        left.push_back(std::move(*there));
        *there = std::move(output);
    }
    if (const auto sound = checkConfig(options, *outputs); !sound)
        return console.fail(sound.error());
    // Remove the file at the old path, because no later run would do it.
    for (const Output& former : left)
        if (std::ranges::find(*outputs, former.path, &Output::path) == outputs->end())
            if (const auto removed = publish::removeOutput(former); !removed)
                return console.fail(removed.error());
    if (const auto written = writeConfig(options, *outputs); !written)
        return console.fail(written.error());
    console.printLine(fmt::format("wrote {}", configPath(options).string()));
    console.printLine(fmt::format("Now run: virt-host-compat publish run{}",
                                  options.root == "/" ? "" : " --root " + options.root));
    return Status::yes;
}

Status disable(const PublishOptions& options, Console& console) {
    for (const std::string& name : options.formats)
        if (publish::findFormat(name) == nullptr)
            return console.fail(unknownFormat(name));
    const auto locked = lock(options);
    if (!locked)
        return console.fail(locked.error());
    auto outputs = enabledOutputs(options);
    if (!outputs)
        return console.fail(outputs.error());
    Status status = Status::yes;
    std::vector<Output> left;
    for (Output& output : *outputs) {
        const bool chosen =
            options.formats.empty() ||
            std::ranges::find(options.formats, output.format->name) != options.formats.end();
        if (!chosen) {
            left.push_back(std::move(output));
            continue;
        }
        const auto removed = publish::removeOutput(output);
        if (!removed) {
            status = worse(status, console.fail(removed.error()));
            left.push_back(std::move(output));
            continue;
        }
        console.printLine(fmt::format("{}: {} {}", output.format->name,
                                      *removed ? "removed" : "there is no", output.path.string()));
    }
    if (const auto written = writeConfig(options, left); !written)
        return worse(status, console.fail(written.error()));
    return status;
}

std::string_view stateText(OutputState::State state) {
    switch (state) {
    case OutputState::State::current:
        return "current";
    case OutputState::State::foreign:
        return "not written by this program";
    case OutputState::State::stale:
        break;
    }
    return "out of date";
}

Status status(const PublishOptions& options, Console& console) {
    console.setQuiet(options.quiet);
    const auto outputs = enabledOutputs(options);
    if (!outputs)
        return console.fail(outputs.error());
    const Contents contents = isolatedContents(options, *outputs, console);
    Status result = contents.status;
    if (!hasAnswer(result))
        return result;
    for (std::size_t index = 0; index < outputs->size(); ++index) {
        const Output& output = (*outputs)[index];
        const auto state = publish::outputState(output, contents.texts[index]);
        if (!state) {
            result = worse(result, console.fail(state.error()));
            continue;
        }
        if (state->state != OutputState::State::current)
            result = worse(result, Status::no);
        console.printLine(fmt::format(
            "{}: {}, {}{}", output.format->name, stateText(state->state), output.path.string(),
            state->since == 0 ? " (there is no file)"
                              : fmt::format(" (since {})", text::utcTime(state->since))));
    }
    for (const Format& format : publish::formats())
        if (std::ranges::find(*outputs, &format, &Output::format) == outputs->end())
            console.printLine(fmt::format("{}: not enabled", format.name));
    return result;
}

} // namespace

void addPublish(CLI::App& app, Action& chosen) {
    Command command(app, "publish", "Write the answer for schedulers and monitoring");
    command.requireSubcommand();
    auto options = std::make_shared<PublishOptions>();
    const auto add = [&](const char* name, const char* text,
                         Status (*action)(const PublishOptions&, Console&)) {
        Command part(command.app(), name, text);
        part.onChosen(chosen,
                      [options, action](Console& console) { return action(*options, console); });
        return part;
    };
    const auto asks = [&](Command& part) {
        part.probe(options->probe);
        part.quiet(options->quiet);
        part.noSandbox(options->noSandbox);
    };
    const auto works = [&](Command& part) {
        part.text("--root", options->root, "DIR", "Use DIR instead of /");
    };
    auto running = add("run", "Write every enabled format whose file is out of date", &run);
    asks(running);
    works(running);
    auto printing = add("print", "Print one format", &print);
    printing.input("FORMAT", options->format, "The format", true);
    asks(printing);
    auto enabling = add("enable", "Add formats to those that 'publish run' writes", &enable);
    enabling.inputs("FORMAT", options->formats, "FORMAT, or FORMAT=PATH for another file", true);
    works(enabling);
    auto disabling = add("disable", "Remove the files of formats, and stop writing them", &disable);
    disabling.inputs("FORMAT", options->formats, "The formats (default: all)");
    works(disabling);
    auto telling =
        add("status", "Print which formats are enabled, and whether their files are up to date",
            &status);
    asks(telling);
    works(telling);
}

} // namespace hostcompat::tools
