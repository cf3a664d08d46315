// SPDX-License-Identifier: LGPL-2.1-or-later
// Verdicts as text, JSON and the formats of CI systems.
#include "tools/validate_report.hpp"

#include "tools/ci_report.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <utility>
#include <vector>

namespace hostcompat::tools {

namespace {

class TextReport final : public Report {
public:
    explicit TextReport(Console& console) : console_(console) {}
    void begin(const std::string&) override {}
    void input(std::string_view name, const Result<validate::Verdict>& result) override {
        if (!result || console_.quiet())
            return;
        console_.printLine(
            fmt::format("{}: {} ({})", name, result->valid ? "valid" : "invalid", result->grammar));
        for (const validate::Defect& defect : result->defects)
            console_.printLine(validate::formatDefect(name, defect));
    }
    void end() override {}

private:
    Console& console_;
};

class JsonReport final : public Report {
    using Json = nlohmann::ordered_json;

public:
    explicit JsonReport(Console& console) : console_(console) {}
    void begin(const std::string& grammar) override {
        console_.printExact(
            fmt::format("{{\n  \"virt-host-compat\": {{\n    \"schema_version\": 1,\n"
                        "    \"grammar\": {},\n    \"documents\": [",
                        dump(grammar)));
    }
    void input(std::string_view name, const Result<validate::Verdict>& result) override {
        Json document{{"file", name},
                      {"verdict", !result         ? "error"
                                  : result->valid ? "valid"
                                                  : "invalid"},
                      {"defects", Json::array()},
                      {"error", result ? Json(nullptr) : Json(model::describe(result.error()))},
                      {"grammar", result ? Json(result->grammar) : Json(nullptr)}};
        if (result)
            for (const validate::Defect& defect : result->defects)
                document["defects"].push_back({{"line", defect.line},
                                               {"element", defect.element},
                                               {"message", defect.message}});
        console_.printExact(first_ ? "\n      " : ",\n      ");
        console_.printExact(dump(document));
        first_ = false;
    }
    void end() override {
        console_.printExact(first_ ? "]\n  }\n}\n" : "\n    ]\n  }\n}\n");
    }

private:
    static std::string dump(const Json& value) {
        return value.dump(-1, ' ', false, Json::error_handler_t::replace);
    }
    Console& console_;
    bool first_ = true;
};

/// The formats of CI systems.
class FindingsReport final : public Report {
public:
    explicit FindingsReport(std::unique_ptr<CiReport> report) : report_(std::move(report)) {}
    void begin(const std::string&) override {
        report_->begin("virt-host-compat validate");
    }
    void input(std::string_view name, const Result<validate::Verdict>& result) override {
        std::vector<Finding> findings;
        if (!result) {
            findings.push_back(findingOf(result.error()));
        } else if (!result->valid) {
            for (const validate::Defect& defect : result->defects)
                findings.push_back(
                    {.rule = &rules::kInvalid,
                     .line = defect.line,
                     .message = defect.element.empty()
                                    ? defect.message
                                    : fmt::format("<{}>: {}", defect.element, defect.message)});
        }
        report_->input(name, name, findings);
    }
    void end() override {
        report_->end();
    }

private:
    std::unique_ptr<CiReport> report_;
};

} // namespace

std::unique_ptr<Report> makeReport(std::string_view format, Console& console) {
    if (format == "json")
        return std::make_unique<JsonReport>(console);
    if (auto report = ciReport(format, console))
        return std::make_unique<FindingsReport>(std::move(report));
    return std::make_unique<TextReport>(console);
}

} // namespace hostcompat::tools
