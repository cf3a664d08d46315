// SPDX-License-Identifier: LGPL-2.1-or-later
// Writes the answer in each format. The programs that read a format define it; they are named at
// each function.
#include "driver/publish/format.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cctype>

namespace hostcompat::publish {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kHowToStop = "stop it with 'virt-host-compat publish disable";
constexpr std::string_view kJsonMark = "\"written_by\": \"virt-host-compat\"";

std::string marked(std::string_view format) {
    return fmt::format("{}; {} {}'.\n", input::kManagedMark, kHowToStop, format);
}

std::string upper(std::string text) {
    std::ranges::transform(text, text.begin(), [](unsigned char byte) {
        return static_cast<char>(std::toupper(byte));
    });
    return text;
}

/// Calls each(name, supported) for every known mode.
template <typename Each>
void forEachMode(const model::KnownCompat& known, Each each) {
    for (const unsigned number : (known.supported | known.refused).numbers())
        each(model::modeName(number), known.supported.contains(number));
}

// Node Feature Discovery, source/local: lines KEY=VALUE without spaces. The value true creates a
// label on the node; "# +no-label" makes the next line only a feature that rules can use.
std::string renderNfd(const model::HostRecord& record) {
    constexpr std::string_view kPrefix = "feature.node.kubernetes.io/power-compat.";
    std::string text = marked("nfd");
    if (!record.compat.known)
        return text + fmt::format("{}known=false\n", kPrefix);
    const model::KnownCompat& known = *record.compat.known;
    text += fmt::format("{}known=true\n", kPrefix);
    if (known.supported.newest() != 0)
        text += fmt::format("{}newest={}\n", kPrefix, model::modeName(known.supported.newest()));
    forEachMode(known, [&](const std::string& name, bool supported) {
        text +=
            fmt::format("{}{}{}={}\n", supported ? "" : "# +no-label\n", kPrefix, name, supported);
    });
    return text;
}

/// A label's value in Prometheus' text format.
std::string labelValue(std::string_view text) {
    std::string escaped;
    for (const char character : text) {
        if (character == '\n') {
            escaped += "\\n";
            continue;
        }
        if (character == '"' || character == '\\')
            escaped += '\\';
        escaped += character;
    }
    return escaped;
}

// The node exporter's textfile collector: no time stamps, and a newline at the end.
std::string renderPrometheus(const model::HostRecord& record) {
    const bool isKnown = record.compat.known.has_value();
    std::string text = marked("prometheus");
    const auto describe = [&](std::string_view name, std::string_view help) {
        text += fmt::format("# HELP virt_host_compat_{0} {1}\n# TYPE virt_host_compat_{0} gauge\n",
                            name, help);
    };
    describe("known", "Whether it is known which compatibility modes KVM guests can have.");
    text += fmt::format("virt_host_compat_known {}\n", isKnown ? 1 : 0);
    if (isKnown) {
        describe("mode_supported", "Whether KVM guests of this host can have the mode.");
        forEachMode(*record.compat.known, [&](const std::string& name, bool supported) {
            text += fmt::format("virt_host_compat_mode_supported{{mode=\"{}\"}} {}\n", name,
                                supported ? 1 : 0);
        });
    }
    describe("info",
             "The host's processor, the mode that it runs in, and the source of the answer.");
    text += fmt::format("virt_host_compat_info{{model=\"{}\",effective_mode=\"{}\",source=\"{}\"}} "
                        "1\n",
                        labelValue(record.host.model), labelValue(record.host.effectiveMode),
                        isKnown ? labelValue(record.compat.known->source) : "");
    return text;
}

Json textOrNull(std::string_view text) {
    return text.empty() ? Json(nullptr) : Json(text);
}

Json facts(const model::HostRecord& record) {
    const bool isKnown = record.compat.known.has_value();
    Json modes = Json::object();
    Json newest = nullptr;
    if (isKnown) {
        const model::KnownCompat& known = *record.compat.known;
        forEachMode(known,
                    [&](const std::string& name, bool supported) { modes[name] = supported; });
        if (known.supported.newest() != 0)
            newest = model::modeName(known.supported.newest());
    }
    return {{"written_by", "virt-host-compat"},
            {"host",
             {{"model", textOrNull(record.host.model)},
              {"effective_mode", textOrNull(record.host.effectiveMode)},
              {"platform", toString(record.host.platform)}}},
            {"compat",
             {{"status", isKnown ? "known" : "unknown"},
              {"source", isKnown ? Json(record.compat.known->source) : Json(nullptr)},
              {"modes", std::move(modes)},
              {"newest", std::move(newest)},
              {"reason", textOrNull(record.compat.reason)}}}};
}

std::string dump(const Json& json) {
    return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

// Ansible's local facts: the file's name is the fact's name.
std::string renderAnsible(const model::HostRecord& record) {
    return dump(facts(record));
}

// Facter's external facts: the outermost key is the fact's name.
std::string renderFacter(const model::HostRecord& record) {
    return dump({{"virt_host_compat", facts(record)}});
}

bool isOurJson(std::string_view content) {
    return content.find(kJsonMark) != std::string_view::npos;
}

// Placement's traits: CUSTOM_ and upper-case letters, digits and underscores.
std::string trait(std::string_view mode) {
    return "CUSTOM_POWER_COMPAT_" + upper(std::string(mode));
}

// Nova's provider configuration. Nova refuses a file without traits, so in that case no file is
// written.
std::string renderNova(const model::HostRecord& record) {
    if (!record.compat.known || record.compat.known->supported.empty())
        return {};
    std::string text = marked("nova") + "meta:\n"
                                        "  schema_version: '1.0'\n"
                                        "providers:\n"
                                        "  - identification:\n"
                                        "      uuid: $COMPUTE_NODE\n"
                                        "    traits:\n"
                                        "      additional:\n";
    for (const unsigned number : record.compat.known->supported.numbers())
        text += fmt::format("        - {}\n", trait(model::modeName(number)));
    return text;
}

// VDSM's hook after_get_caps rewrites the JSON in the file that the environment names. The engine
// knows processors by libvirt's upper-case names, as flags model_NAME.
std::string renderVdsm(const model::HostRecord& record) {
    if (!record.compat.known || record.compat.known->supported.empty())
        return {};
    const std::string newest = model::modeName(record.compat.known->supported.newest());
    return "#!/usr/bin/python3\n" + marked("vdsm") +
           fmt::format(
               R"("""Reports the newest processor that KVM guests of this host can have, in place of the host's own."""
import json
import os

GUESTS = "model_{}"

try:
    path = os.environ["_hook_json"]
    with open(path, encoding="utf-8") as file:
        capabilities = json.load(file)
    flags = capabilities["cpuFlags"].split(",")
    raw = [flag for flag in flags if flag.startswith("model_POWER") or flag.startswith("model_Power")]
    capabilities["cpuFlags"] = ",".join([flag for flag in flags if flag not in raw] + [GUESTS])
    text = json.dumps(capabilities)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
except Exception:
    # VDSM reports the host as it did without this hook.
    pass
)",
               upper(newest));
}

std::string renderModes(const model::HostRecord& record) {
    std::string text;
    if (record.compat.known)
        for (const unsigned number : record.compat.known->supported.numbers())
            text += model::modeName(number) + "\n";
    return text;
}

/// Whether all lines are names of modes.
bool isModeList(std::string_view content) {
    while (!content.empty()) {
        const auto end = content.find('\n');
        if (end == std::string_view::npos || !model::modeNumber(content.substr(0, end)))
            return false;
        content.remove_prefix(end + 1);
    }
    return true;
}

constexpr auto kFormats = std::to_array<Format>({
    {.name = "nfd",
     .path = "etc/kubernetes/node-feature-discovery/features.d/virt-host-compat",
     .mode = 0644,
     .isOurs = input::hasManagedMark,
     .render = renderNfd,
     // NFD's watcher handles one event per second, so the event of the temporary file would hide
     // that of the rename.
     .temporaryElsewhere = true},
    {.name = "prometheus",
     .path = "var/lib/prometheus/node-exporter/virt-host-compat.prom",
     .mode = 0644,
     .isOurs = input::hasManagedMark,
     .render = renderPrometheus,
     .touched = true},
    {.name = "ansible",
     .path = "etc/ansible/facts.d/virt_host_compat.fact",
     .mode = 0644,
     .isOurs = isOurJson,
     .render = renderAnsible},
    {.name = "facter",
     .path = "etc/facter/facts.d/virt_host_compat.json",
     .mode = 0644,
     .isOurs = isOurJson,
     .render = renderFacter},
    {.name = "nova",
     .path = "etc/nova/provider_config/virt-host-compat.yaml",
     .mode = 0644,
     .isOurs = input::hasManagedMark,
     .render = renderNova,
     .keptName = trait},
    {.name = "vdsm",
     .path = "usr/libexec/vdsm/hooks/after_get_caps/50_virt_host_compat",
     .mode = 0755,
     .isOurs = input::hasManagedMark,
     .render = renderVdsm},
    {.name = "modes",
     .path = "run/virt-host-compat/modes",
     .mode = 0644,
     .isOurs = isModeList,
     .render = renderModes},
});

} // namespace

std::span<const Format> formats() {
    return kFormats;
}

const Format* findFormat(std::string_view name) {
    const auto found = std::ranges::find(kFormats, name, &Format::name);
    return found == kFormats.end() ? nullptr : &*found;
}

} // namespace hostcompat::publish
