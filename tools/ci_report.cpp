// SPDX-License-Identifier: LGPL-2.1-or-later
// Findings as JUnit XML, SARIF 2.1.0, GitLab code quality and GitHub workflow commands.
//
// Texts are made printable as for a terminal: XML can contain neither control characters nor
// invalid UTF-8, and the names of files and elements may have both.
#include "tools/ci_report.hpp"

#include "driver/text/utf8.hpp"
#include "tools/version.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <pugixml.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <sstream>

namespace hostcompat::tools {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::array<const Rule*, 5> kRules = {
    &rules::kInput, &rules::kInvalid, &rules::kIncompatible, &rules::kUnknown, &rules::kWarning};

std::string dump(const Json& value) {
    return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// Identifies a finding even if its line changes: 128 bits computed from its rule, file and
/// message.
class Fingerprints {
public:
    /// @param message as printed. If a finding occurs twice, the two get different fingerprints, in
    /// the order of the lines.
    std::string of(const Rule& rule, std::string_view file, std::string_view message) {
        const std::string what = fmt::format("{}\n{}\n{}", rule.id, file, message);
        return hashed(fmt::format("{}\n{}", what, seen_[what]++));
    }

private:
    /// FNV-1a with 64 bits of the text, followed by that of the text with the first hash before it.
    static std::string hashed(std::string_view text) {
        std::uint64_t hash = 0xcbf29ce484222325;
        const auto add = [&](std::string_view bytes) {
            for (const char byte : bytes)
                hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3;
        };
        add(text);
        const std::uint64_t first = hash;
        add(text);
        return fmt::format("{:016x}{:016x}", first, hash);
    }

    std::map<std::string, unsigned> seen_;
};

/// The counts of suites are omitted. They are optional, and would have to come before the cases.
class Junit final : public CiReport {
public:
    explicit Junit(Console& console) : console_(console) {}
    void begin(std::string_view suite) override {
        suite_ = suite;
        console_.printExact(fmt::format("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n"
                                        "<testsuite name=\"{}\">\n",
                                        suite));
    }
    void input(std::string_view file, std::string_view name,
               std::span<const Finding> findings) override {
        pugi::xml_document tree;
        pugi::xml_node testCase = tree.append_child("testcase");
        testCase.append_attribute("classname") = suite_.c_str();
        testCase.append_attribute("name") = text::outputLine(name).c_str();
        testCase.append_attribute("file") = text::outputLine(file).c_str();
        const auto first =
            std::ranges::find_if(findings, [](const Finding& each) { return each.line != 0; });
        if (first != findings.end())
            testCase.append_attribute("line") = std::to_string(first->line).c_str();
        for (const Finding& finding : findings)
            add(testCase, name, finding);
        std::ostringstream stream;
        tree.document_element().print(stream, "", pugi::format_raw, pugi::encoding_utf8);
        console_.printExact(stream.str() + "\n");
    }
    void end() override {
        console_.printExact("</testsuite>\n</testsuites>\n");
    }

private:
    static void add(pugi::xml_node testCase, std::string_view name, const Finding& finding) {
        const std::string message = text::outputLine(finding.message);
        if (finding.rule->severity == Severity::warning) {
            testCase.append_child("system-out").text().set((message + "\n").c_str());
            return;
        }
        pugi::xml_node failure =
            testCase.append_child(finding.rule == &rules::kInput ? "error" : "failure");
        failure.append_attribute("type") = std::string(finding.rule->id).c_str();
        failure.append_attribute("message") = message.c_str();
        const std::string place =
            finding.line == 0 ? std::string(name) : fmt::format("{}:{}", name, finding.line);
        failure.text().set((text::outputLine(place) + ": " + message).c_str());
    }

    Console& console_;
    std::string suite_;
};

/// https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
class Sarif final : public CiReport {
public:
    explicit Sarif(Console& console) : console_(console) {}
    void begin(std::string_view) override {
        Json described = Json::array();
        for (const Rule* rule : kRules)
            described.push_back(
                {{"id", rule->id},
                 {"shortDescription", {{"text", fmt::format("{}.", rule->description)}}},
                 {"fullDescription", {{"text", rule->explanation}}},
                 {"help", {{"text", "See RULES in virt-host-compat(1)."}}},
                 {"defaultConfiguration", {{"level", level(*rule)}}}});
        const Json driver{{"name", "virt-host-compat"},
                          {"version", kVersion},
                          {"semanticVersion", kVersion},
                          {"rules", std::move(described)}};
        console_.printExact(fmt::format(
            "{{\"$schema\":\"https://json.schemastore.org/sarif-2.1.0.json\",\"version\":\"2.1.0\","
            "\"runs\":[{{\"tool\":{{\"driver\":{}}},\"columnKind\":\"unicodeCodePoints\","
            "\"results\":[",
            dump(driver)));
    }
    void input(std::string_view file, std::string_view,
               std::span<const Finding> findings) override {
        Fingerprints fingerprints;
        for (const Finding& finding : findings) {
            const std::string message = text::outputLine(finding.message);
            const auto rule =
                static_cast<std::size_t>(std::ranges::find(kRules, finding.rule) - kRules.begin());
            Json place{{"artifactLocation", {{"uri", uriOf(file)}}}};
            // GitHub shows only findings that have a region.
            place["region"] = {{"startLine", std::max<std::size_t>(finding.line, 1)}};
            const Json result{
                {"ruleId", finding.rule->id},
                {"ruleIndex", rule},
                {"level", level(*finding.rule)},
                {"message", {{"text", message}}},
                {"locations", Json::array({{{"physicalLocation", std::move(place)}}})},
                {"partialFingerprints",
                 {{"findingHash/v1", fingerprints.of(*finding.rule, file, message)}}}};
            console_.printExact((first_ ? "\n" : ",\n") + dump(result));
            first_ = false;
        }
    }
    void end() override {
        console_.printExact("\n]}]}\n");
    }

private:
    static std::string_view level(const Rule& rule) {
        return rule.severity == Severity::error ? "error" : "warning";
    }
    /// A path as a relative reference (RFC 3986).
    static std::string uriOf(std::string_view path) {
        std::string uri;
        for (const char character : path) {
            const auto byte = static_cast<unsigned char>(character);
            const bool plain = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                               (byte >= '0' && byte <= '9') ||
                               std::string_view("-._~/").find(character) != std::string_view::npos;
            uri += plain ? std::string(1, character) : fmt::format("%{:02X}", byte);
        }
        return path.starts_with('/') ? "file://" + uri : uri;
    }

    Console& console_;
    bool first_ = true;
};

/// https://docs.gitlab.com/ci/testing/code_quality/
class Gitlab final : public CiReport {
public:
    explicit Gitlab(Console& console) : console_(console) {}
    void begin(std::string_view) override {
        console_.printExact("[");
    }
    void input(std::string_view file, std::string_view,
               std::span<const Finding> findings) override {
        Fingerprints fingerprints;
        for (const Finding& finding : findings) {
            const std::string message = text::outputLine(finding.message);
            const Json entry{
                {"description", message},
                {"check_name", finding.rule->id},
                {"fingerprint", fingerprints.of(*finding.rule, file, message)},
                {"severity", finding.rule->severity == Severity::error ? "major" : "minor"},
                {"location",
                 {{"path", text::outputLine(file)},
                  {"lines", {{"begin", std::max<std::size_t>(finding.line, 1)}}}}}};
            console_.printExact((first_ ? "\n" : ",\n") + dump(entry));
            first_ = false;
        }
    }
    void end() override {
        console_.printExact("\n]\n");
    }

private:
    Console& console_;
    bool first_ = true;
};

/// https://docs.github.com/actions/reference/workflow-commands-for-github-actions
class Github final : public CiReport {
public:
    explicit Github(Console& console) : console_(console) {}
    void begin(std::string_view) override {}
    void input(std::string_view file, std::string_view,
               std::span<const Finding> findings) override {
        for (const Finding& finding : findings)
            console_.printExact(fmt::format(
                "::{} file={},line={},title={}::{}\n",
                finding.rule->severity == Severity::error ? "error" : "warning",
                escaped(text::outputLine(file), true), std::max<std::size_t>(finding.line, 1),
                finding.rule->id, escaped(text::outputLine(finding.message), false)));
    }
    void end() override {}

private:
    static std::string escaped(std::string_view text, bool property) {
        std::string result;
        for (const char character : text) {
            if (character == '%' || (property && (character == ':' || character == ',')))
                result += fmt::format("%{:02X}", static_cast<unsigned char>(character));
            else
                result += character;
        }
        return result;
    }

    Console& console_;
};

} // namespace

Finding findingOf(const Error& error) {
    Error unplaced = error;
    unplaced.line = 0;
    return {.rule = &rules::kInput, .line = error.line, .message = model::describe(unplaced)};
}

std::vector<std::string> ciFormats() {
    return {"junit", "sarif", "gitlab", "github"};
}

std::unique_ptr<CiReport> ciReport(std::string_view format, Console& console) {
    if (format == "junit")
        return std::make_unique<Junit>(console);
    if (format == "sarif")
        return std::make_unique<Sarif>(console);
    if (format == "gitlab")
        return std::make_unique<Gitlab>(console);
    if (format == "github")
        return std::make_unique<Github>(console);
    return nullptr;
}

} // namespace hostcompat::tools
