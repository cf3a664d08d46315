// SPDX-License-Identifier: LGPL-2.1-or-later
// Verdicts as text, JSON and JUnit's XML.
#include "tools/validate_report.hpp"

#include "driver/text/utf8.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <pugixml.hpp>

#include <sstream>

namespace hostcompat::tools {

namespace {

class TextReport final : public Report {
public:
    explicit TextReport(Console& console) : console_(console) {}
    void begin(const std::string& grammar) override {
        grammar_ = grammar;
    }
    void input(std::string_view name, const Result<validate::Verdict>& result) override {
        if (!result || console_.quiet())
            return;
        console_.printLine(
            fmt::format("{}: {} ({})", name, result->valid ? "valid" : "invalid", grammar_));
        for (const validate::Defect& defect : result->defects)
            console_.printLine(validate::formatDefect(name, defect));
    }
    void end() override {}

private:
    Console& console_;
    std::string grammar_;
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
                      {"error", result ? Json(nullptr) : Json(model::describe(result.error()))}};
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

/// JUnit's XML without counts, which are optional and would have to come before the cases. Its
/// texts are printable as on a terminal: XML can hold neither a control character nor what is not
/// UTF-8, and names of files and of elements may have either.
class JunitReport final : public Report {
public:
    explicit JunitReport(Console& console) : console_(console) {}
    void begin(const std::string& grammar) override {
        grammar_ = grammar;
        console_.printExact("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n<testsuite "
                            "name=\"virt-host-compat validate\">\n");
    }
    void input(std::string_view name, const Result<validate::Verdict>& result) override {
        pugi::xml_document tree;
        pugi::xml_node testCase = tree.append_child("testcase");
        testCase.append_attribute("classname") = text::outputLine(grammar_).c_str();
        testCase.append_attribute("name") = text::outputLine(name).c_str();
        if (!result) {
            testCase.append_child("error").append_attribute("message") =
                text::outputLine(model::describe(result.error())).c_str();
        } else if (!result->valid) {
            std::string text;
            for (const validate::Defect& defect : result->defects)
                text += text::outputLine(validate::formatDefect(name, defect)) + "\n";
            pugi::xml_node failure = testCase.append_child("failure");
            failure.append_attribute("message") =
                fmt::format("{} defects", result->defects.size()).c_str();
            failure.text().set(text.c_str());
        }
        std::ostringstream stream;
        tree.document_element().print(stream, "", pugi::format_raw, pugi::encoding_utf8);
        console_.printExact(stream.str() + "\n");
    }
    void end() override {
        console_.printExact("</testsuite>\n</testsuites>\n");
    }

private:
    Console& console_;
    std::string grammar_;
};

} // namespace

std::unique_ptr<Report> makeReport(std::string_view format, Console& console) {
    if (format == "json")
        return std::make_unique<JsonReport>(console);
    if (format == "junit")
        return std::make_unique<JunitReport>(console);
    return std::make_unique<TextReport>(console);
}

} // namespace hostcompat::tools
