// SPDX-License-Identifier: LGPL-2.1-or-later
// The formats of a survey: a table, JSON, and an HTML page.
#pragma once

#include "driver/policy/survey.hpp"
#include "tools/console.hpp"

#include <nlohmann/json.hpp>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace hostcompat::tools {

/// A guest, and the answer for each kind of host.
struct SurveyedGuest {
    std::string input;
    /// Empty if it has none.
    std::string name;
    /// The text of <model>; empty if no mode is pinned.
    std::string pinned;
    std::vector<policy::GuestOnHost> judged;
    /// The mode that 'fit' should pin; empty if no change is needed.
    std::string change;
};

/// Reports guests one after another, as they are read.
class SurveyReport {
public:
    SurveyReport() = default;
    SurveyReport(const SurveyReport&) = delete;
    SurveyReport& operator=(const SurveyReport&) = delete;
    virtual ~SurveyReport() = default;

    virtual void begin(const policy::Survey& survey) = 0;
    virtual void guest(const SurveyedGuest& guest) = 0;
    virtual void end() = 0;
};

/// A table of 80 columns for people.
std::unique_ptr<SurveyReport> surveyTable(Console& console);

/// One JSON object, described by schema/survey.schema.json.
std::unique_ptr<SurveyReport> surveyJson(Console& console);

/// A self-contained HTML page, passed on piece by piece. It can be read without JavaScript, loads
/// nothing, and escapes everything that comes from documents.
std::unique_ptr<SurveyReport> surveyPage(std::function<void(std::string_view)> write);

} // namespace hostcompat::tools
