// SPDX-License-Identifier: LGPL-2.1-or-later
// Asks QEMU through QMP.
#include "driver/qemu/qemu_modes.hpp"

#include "driver/process/child_process.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cctype>
#include <functional>

namespace hostcompat::qemu {

namespace {

using Json = nlohmann::ordered_json;

/// The answers of QEMU: whether the property exists, and one answer for each name.
struct Answers {
    bool hasProperty = false;
    std::vector<std::string> accepted;
    std::size_t count = 0;
};

std::string setMode(const std::string& name) {
    return Json({{"execute", "qom-set"},
                 {"arguments",
                  {{"path", "/machine"}, {"property", "max-cpu-compat"}, {"value", name}}},
                 {"id", name}})
               .dump(-1, ' ', true, Json::error_handler_t::replace) +
           "\n";
}

std::string getProperty(std::string_view property, const Json& id) {
    return Json({{"execute", "qom-get"},
                 {"arguments", {{"path", "/machine"}, {"property", property}}},
                 {"id", id}})
               .dump() +
           "\n";
}

std::string questions(const std::vector<std::string>& names) {
    // A control question: without the property, every mode would appear to be refused.
    std::string text = getProperty("max-cpu-compat", 0);
    for (const std::string& name : names)
        text += setMode(name);
    return text;
}

/// Starts a QEMU without a configuration or a display, asks it through QMP, and lets it end.
auto runQemu(const std::string& binary, const std::vector<std::string>& arguments,
             const std::string& asked, std::chrono::milliseconds timeout) {
    std::vector<std::string> command = {
        binary, "-nodefaults", "-no-user-config", "-display", "none", "-qmp", "stdio"};
    command.insert(command.end(), arguments.begin(), arguments.end());
    return process::runChild(
        command, "{\"execute\":\"qmp_capabilities\"}\n" + asked + "{\"execute\":\"quit\"}\n",
        timeout);
}

/// Calls `use` with each line that is a JSON object.
void forEachLine(std::string_view output, const std::function<void(const Json&)>& use) {
    while (!output.empty()) {
        const auto end = std::min(output.find('\n'), output.size());
        const Json line = Json::parse(output.substr(0, end), nullptr, false);
        output.remove_prefix(std::min(end + 1, output.size()));
        if (line.is_object())
            use(line);
    }
}

Answers readAnswers(std::string_view output) {
    Answers answers;
    forEachLine(output, [&](const Json& line) {
        if (!line.contains("id"))
            return;
        const bool good = line.contains("return");
        if (line["id"].is_number())
            answers.hasProperty = good;
        if (!line["id"].is_string())
            return;
        ++answers.count;
        if (good)
            answers.accepted.push_back(line["id"].get<std::string>());
    });
    return answers;
}

/// The model that is an alias of the CPU "host" (QEMU target/ppc/kvm.c,
/// kvm_ppc_register_host_cpu_type()).
std::string readHostModel(std::string_view output) {
    std::string found;
    forEachLine(output, [&](const Json& line) {
        if (!line.contains("return") || !line["return"].is_array())
            return;
        for (const Json& model : line["return"]) {
            const bool isHost =
                model.is_object() && model.value("typename", "") == "host-powerpc64-cpu";
            const std::string name = isHost ? model.value("name", "host") : "host";
            if (name != "host" && found.empty())
                found = name;
        }
    });
    std::ranges::transform(found, found.begin(), [](unsigned char byte) {
        return static_cast<char>(std::toupper(byte));
    });
    return found;
}

std::string askForHostModel(const std::string& binary, std::chrono::milliseconds timeout) {
    const auto run = runQemu(binary, {"-accel", "kvm", "-machine", "none", "-S"},
                             "{\"execute\":\"query-cpu-definitions\"}\n", timeout);
    return run ? readHostModel(run->output) : "";
}

/// Asks for the name of the machine pseries, and for its capability dawr1, which QEMU 7.2 does not
/// have.
void askForMachine(QemuModes& modes, std::chrono::milliseconds timeout) {
    const auto run =
        runQemu(modes.binary, {"-S", "-accel", "tcg", "-accel", "kvm", "-machine", "pseries"},
                getProperty("type", "type") + getProperty("cap-dawr1", "cap-dawr1"), timeout);
    if (!run)
        return;
    forEachLine(run->output, [&](const Json& line) {
        if (!line.contains("return"))
            return;
        const Json& value = line["return"];
        const std::string id = line.contains("id") && line["id"].is_string() ? line["id"] : "";
        const std::string type = id == "type" && value.is_string() ? value : "";
        constexpr std::string_view suffix = "-machine";
        if (type.ends_with(suffix))
            modes.machine = type.substr(0, type.size() - suffix.size());
        if (id == "cap-dawr1")
            modes.requiresSecondWatchpoint = value == Json(true);
    });
}

/// The first line that QEMU wrote to standard error, for a message.
std::string firstComplaint(std::string_view errors) {
    std::string_view line = errors.substr(0, errors.find('\n'));
    return line.empty() ? "it printed no error"
                        : fmt::format("it printed '{}'", line.substr(0, 200));
}

} // namespace

bool QemuModes::takes(std::string_view mode) const {
    return std::ranges::find(accepted, mode) != accepted.end();
}

model::ModeSet QemuModes::modes() const {
    model::ModeSet set;
    for (const std::string& name : accepted)
        if (const auto number = model::modeNumber(name))
            set.insert(*number);
    return set;
}

std::vector<std::string> modesToAskFor(model::ModeTable table) {
    std::vector<std::string> names = {"power6", "power7", "power7+"};
    for (const model::Mode& mode : table)
        names.emplace_back(mode.name);
    return names;
}

Result<QemuModes> askQemu(const std::string& binary, const std::vector<std::string>& names,
                          bool askForHost, std::chrono::milliseconds timeout) {
    const auto refuse = [&](std::string reason) {
        return std::unexpected(Error{.kind = ErrorKind::input,
                                     .action = "ask for the compatibility modes of",
                                     .subject = binary,
                                     .reason = std::move(reason),
                                     .remedy = "give a QEMU for ppc64, such as qemu-system-ppc64"});
    };
    // Try TCG first, because it needs no privileges. A QEMU without TCG has KVM.
    auto run =
        runQemu(binary, {"--preconfig", "-accel", "tcg", "-accel", "kvm", "-machine", "pseries"},
                questions(names), timeout);
    if (!run)
        return std::unexpected(std::move(run.error()));
    if (run->timedOut)
        return refuse(
            fmt::format("it gave no answer in {} seconds",
                        std::chrono::duration_cast<std::chrono::seconds>(timeout).count()));
    Answers answers = readAnswers(run->output);
    if (!answers.hasProperty || answers.count != names.size())
        return refuse(fmt::format("it has no machine pseries with max-cpu-compat, or did not "
                                  "answer; {}",
                                  firstComplaint(run->errors)));
    QemuModes modes{.binary = binary,
                    .accepted = std::move(answers.accepted),
                    .hostModel = askForHost ? askForHostModel(binary, timeout) : ""};
    askForMachine(modes, timeout);
    return modes;
}

} // namespace hostcompat::qemu
