// SPDX-License-Identifier: LGPL-2.1-or-later
// Writes and reads the JSON record.
#include "driver/answer/record.hpp"

#include "driver/text/utc_time.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>

namespace hostcompat::answer {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kTopKey = "virt-host-compat";
constexpr std::string_view kBlank = " \t\r\n";
constexpr int kOldestSchemaVersion = 1;
constexpr int kSchemaVersion = 2;

Json textOrNull(std::string_view text) {
    return text.empty() ? Json(nullptr) : Json(text);
}

Json hexOrNull(std::optional<std::uint64_t> number, int digits) {
    return number ? Json(fmt::format("0x{:0{}x}", *number, digits)) : Json(nullptr);
}

Json hostToJson(const model::HostIdentity& host) {
    return {{"name", textOrNull(host.name)},
            {"arch", host.arch},
            {"platform", toString(host.platform)},
            {"nested_api", host.nestedApi ? Json(toString(*host.nestedApi)) : Json(nullptr)},
            {"pvr", hexOrNull(host.pvr, 8)},
            {"model", textOrNull(host.model)},
            {"effective_mode", textOrNull(host.effectiveMode)},
            {"base_platform", textOrNull(host.basePlatform)},
            {"kernel", host.kernel},
            {"page_size", host.pageSize != 0 ? Json(host.pageSize) : Json(nullptr)}};
}

Json modesToJson(const model::KnownCompat& known) {
    Json modes = Json::array();
    for (const unsigned number : (known.supported | known.refused).numbers())
        modes.push_back(
            {{"name", model::modeName(number)}, {"supported", known.supported.contains(number)}});
    return modes;
}

Json trialToJson(const std::optional<model::Trial>& trial) {
    if (!trial)
        return nullptr;
    Json modes = Json::object();
    for (const auto& [number, answer] : trial->modes)
        modes[model::modeName(number)] = answer;
    return {{"modes", std::move(modes)},
            {"raw", textOrNull(trial->raw)},
            {"control", textOrNull(trial->control)},
            {"hashed_page_table", trial->hashedPageTable},
            {"failure", textOrNull(trial->failure)}};
}

Json compatToJson(const model::HostCompat& compat) {
    if (!compat.known)
        return {{"status", "unknown"},     {"source", nullptr},
                {"modes", Json::array()},  {"capabilities", nullptr},
                {"unknown_bits", nullptr}, {"abi", nullptr},
                {"reason", compat.reason}, {"trial", trialToJson(compat.trial)}};
    const model::KnownCompat& known = *compat.known;
    const bool fromKernel = known.capabilities.has_value();
    return {{"status", "known"},
            {"source", known.source},
            {"modes", modesToJson(known)},
            {"capabilities", hexOrNull(known.capabilities, 16)},
            {"unknown_bits",
             hexOrNull(fromKernel ? std::optional(known.unknownBits) : std::nullopt, 16)},
            {"abi", textOrNull(known.abi)},
            {"reason", nullptr},
            {"trial", trialToJson(compat.trial)}};
}

/// Thrown by readers inside parseRecord(), and caught in this file.
struct Defect {
    std::string text;
};

/// Reads values out of one JSON object and says which key is wrong.
class ObjectReader {
public:
    ObjectReader(const Json& value, std::string path) : value_(value), path_(std::move(path)) {
        if (!value_.is_object())
            throw Defect{fmt::format("{} is not an object", path_)};
    }

    const Json& at(const char* key) const {
        const auto entry = value_.find(key);
        if (entry == value_.end())
            throw Defect{fmt::format("{}.{} is missing", path_, key)};
        return *entry;
    }

    bool has(const char* key) const {
        return value_.contains(key);
    }

    std::string text(const char* key) const {
        const Json& value = at(key);
        if (!value.is_string())
            throw Defect{fmt::format("{}.{} is not a string", path_, key)};
        return value.get<std::string>();
    }

    /// The string, or an empty one for null.
    std::string textOrNull(const char* key) const {
        return at(key).is_null() ? std::string() : text(key);
    }

    /// The number, or 0 for null.
    std::uint64_t numberOrZero(const char* key) const {
        const Json& value = at(key);
        if (!value.is_null() && !value.is_number_unsigned())
            throw Defect{fmt::format("{}.{} is not a number", path_, key)};
        return value.is_null() ? 0 : value.get<std::uint64_t>();
    }

    std::optional<std::uint64_t> hex(const char* key, int digits) const {
        const std::string value = textOrNull(key);
        if (value.empty())
            return std::nullopt;
        std::uint64_t number = 0;
        const char* begin = value.data() + 2;
        const char* end = value.data() + value.size();
        if (!value.starts_with("0x") || value.size() == 2 ||
            value.size() > 2 + static_cast<std::size_t>(digits) ||
            std::from_chars(begin, end, number, 16).ptr != end)
            throw Defect{fmt::format("{}.{} is not a hexadecimal number such as 0x{:0{}x}", path_,
                                     key, 0, digits)};
        return number;
    }

    std::vector<std::string> keys() const {
        std::vector<std::string> names;
        for (const auto& [name, value] : value_.items())
            names.push_back(name);
        return names;
    }

    bool flag(const char* key) const {
        const Json& value = at(key);
        if (!value.is_boolean())
            throw Defect{fmt::format("{}.{} is neither true nor false", path_, key)};
        return value.get<bool>();
    }

    ObjectReader object(const char* key) const {
        return {at(key), path_ + "." + key};
    }

    /// Calls read(ObjectReader) for each object of the array.
    template <typename Read>
    void each(const char* key, Read read) const {
        const Json& value = at(key);
        if (!value.is_array())
            throw Defect{fmt::format("{}.{} is not an array", path_, key)};
        for (std::size_t index = 0; index < value.size(); ++index)
            read(ObjectReader(value[index], fmt::format("{}.{}[{}]", path_, key, index)));
    }

    [[noreturn]] void refuse(const char* key, std::string_view why) const {
        throw Defect{fmt::format("{}.{} {}", path_, key, why)};
    }

private:
    const Json& value_;
    std::string path_;
};

model::HostIdentity readHostIdentity(const ObjectReader& reader) {
    model::HostIdentity host;
    if (reader.has("name"))
        host.name = reader.textOrNull("name");
    host.arch = reader.text("arch");
    const auto platform = model::parsePlatform(reader.text("platform"));
    if (!platform)
        reader.refuse("platform", "is none of pseries, powernv and other");
    host.platform = *platform;
    if (const auto pvr = reader.hex("pvr", 8))
        host.pvr = static_cast<std::uint32_t>(*pvr);
    if (reader.has("nested_api") && !reader.at("nested_api").is_null()) {
        host.nestedApi = model::parseNestedApi(reader.text("nested_api"));
        if (!host.nestedApi)
            reader.refuse("nested_api", "is none of none, v1 and v2");
    }
    host.model = reader.textOrNull("model");
    host.effectiveMode = reader.textOrNull("effective_mode");
    if (reader.has("base_platform"))
        host.basePlatform = reader.textOrNull("base_platform");
    host.kernel = reader.text("kernel");
    if (reader.has("page_size"))
        host.pageSize = reader.numberOrZero("page_size");
    return host;
}

model::KnownCompat readKnown(const ObjectReader& reader) {
    model::KnownCompat known;
    known.source = reader.text("source");
    if (known.source.empty())
        reader.refuse("source", "is empty although the status is known");
    reader.each("modes", [&](const ObjectReader& entry) {
        const auto number = model::modeNumber(entry.text("name"));
        const bool supported = entry.flag("supported");
        if (!number)
            return;
        if ((known.supported | known.refused).contains(*number))
            entry.refuse("name", "is that of an earlier entry");
        (supported ? known.supported : known.refused).insert(*number);
    });
    known.capabilities = reader.hex("capabilities", 16);
    known.unknownBits = reader.hex("unknown_bits", 16).value_or(0);
    known.abi = reader.textOrNull("abi");
    if (known.source == "kvm" && !known.capabilities)
        reader.refuse("capabilities", "is missing although the source is kvm");
    return known;
}

/// Records of version 1 have no trial.
std::optional<model::Trial> readTrial(const ObjectReader& compat) {
    if (!compat.has("trial") || compat.at("trial").is_null())
        return std::nullopt;
    const ObjectReader reader = compat.object("trial");
    model::Trial trial{.raw = reader.textOrNull("raw"),
                       .control = reader.textOrNull("control"),
                       .hashedPageTable = reader.flag("hashed_page_table"),
                       .failure = reader.textOrNull("failure")};
    const ObjectReader modes = reader.object("modes");
    for (const std::string& name : modes.keys())
        if (const auto number = model::modeNumber(name))
            trial.modes[*number] = modes.text(name.c_str());
    return trial;
}

model::HostCompat readCompat(const ObjectReader& reader) {
    const std::string status = reader.text("status");
    if (status == "known")
        return model::withoutDoubtful({.known = readKnown(reader), .trial = readTrial(reader)});
    if (status != "unknown")
        reader.refuse("status", "is neither known nor unknown");
    model::HostCompat compat{.reason = reader.text("reason"), .trial = readTrial(reader)};
    if (compat.reason.empty())
        reader.refuse("reason", "is empty although the status is unknown");
    return compat;
}

std::vector<model::Check> readChecks(const ObjectReader& reader) {
    std::vector<model::Check> checks;
    reader.each("checks", [&](const ObjectReader& entry) {
        const auto result = model::parseCheckResult(entry.text("result"));
        if (!result)
            entry.refuse("result", "is none of PASS, WARN, FAIL, SKIP and NOTE");
        checks.push_back({entry.text("name"), *result, entry.textOrNull("hint")});
    });
    return checks;
}

model::HostRecord readRecord(const Json& document) {
    const ObjectReader top(document, "record");
    const ObjectReader reader = top.object(kTopKey.data());
    const Json& version = reader.at("schema_version");
    if (version != kSchemaVersion && version != kOldestSchemaVersion)
        reader.refuse("schema_version",
                      fmt::format("is {} and neither {} nor {}; use a version of the program "
                                  "that knows it",
                                  version.dump(), kOldestSchemaVersion, kSchemaVersion));
    std::string time = reader.has("time") ? reader.textOrNull("time") : "";
    if (!time.empty() && !text::isUtcTime(time))
        reader.refuse("time", "is not a time such as 2026-11-26T15:58:26Z");
    model::HostIdentity host = readHostIdentity(reader.object("host"));
    // Remove what no host can report, as for documents (xml::CapabilitiesDocument::compat()).
    model::HostCompat compat =
        model::limitedTo(model::limitedTo(readCompat(reader.object("compat")),
                                          model::generationOfCpuModel(host.model)),
                         model::modeNumber(host.effectiveMode).value_or(0));
    return {.time = std::move(time),
            .host = std::move(host),
            .compat = std::move(compat),
            .checks = readChecks(reader)};
}

Error recordError(std::string_view name, std::size_t line, std::string reason) {
    return {.kind = ErrorKind::input,
            .action = "read the host record",
            .subject = std::string(name),
            .line = line,
            .reason = std::move(reason),
            .remedy = "give the output of 'virt-host-compat show --json'"};
}

} // namespace

std::string writeRecord(const model::HostRecord& record) {
    Json checks = Json::array();
    for (const model::Check& check : record.checks)
        checks.push_back({{"name", check.name},
                          {"result", toString(check.result)},
                          {"hint", textOrNull(check.hint)}});
    const Json document{{kTopKey,
                         {{"schema_version", kSchemaVersion},
                          {"time", textOrNull(record.time)},
                          {"host", hostToJson(record.host)},
                          {"compat", compatToJson(record.compat)},
                          {"checks", std::move(checks)}}}};
    return document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

bool isRecord(std::string_view bytes) {
    // A byte order mark is skipped when the record is read.
    if (bytes.starts_with("\xEF\xBB\xBF"))
        bytes.remove_prefix(3);
    const std::size_t first = bytes.find_first_not_of(kBlank);
    return first != std::string_view::npos && bytes[first] == '{';
}

std::vector<std::string_view> splitRecords(std::string_view bytes) {
    std::vector<std::string_view> parts;
    std::size_t begin = 0;
    std::size_t depth = 0;
    for (std::size_t at = 0; at < bytes.size(); ++at) {
        const char character = bytes[at];
        if (character == '"') {
            // Skip the string; a backslash escapes the next character.
            for (++at; at < bytes.size() && bytes[at] != '"'; ++at)
                if (bytes[at] == '\\')
                    ++at;
        } else if (character == '{') {
            ++depth;
        } else if (character == '}' && depth != 0 && --depth == 0) {
            parts.push_back(bytes.substr(begin, at + 1 - begin));
            begin = at + 1;
        }
    }
    if (parts.empty() || bytes.find_first_not_of(kBlank, begin) != std::string_view::npos)
        parts.push_back(bytes.substr(begin));
    return parts;
}

Result<model::HostRecord> parseRecord(std::string_view json, std::string_view name) {
    try {
        return readRecord(Json::parse(json));
    } catch (const Defect& defect) {
        return std::unexpected(recordError(name, 0, defect.text));
    } catch (const Json::parse_error& error) {
        const auto offset = std::min<std::size_t>(error.byte, json.size());
        const auto lines = std::ranges::count(json.substr(0, offset == 0 ? 0 : offset - 1), '\n');
        return std::unexpected(
            recordError(name, static_cast<std::size_t>(lines) + 1, "it is not JSON"));
    } catch (const Json::exception& error) {
        return std::unexpected(recordError(name, 0, error.what()));
    }
}

} // namespace hostcompat::answer
