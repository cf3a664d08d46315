// SPDX-License-Identifier: LGPL-2.1-or-later
// The forms of a survey: a table, JSON, and a page.
#pragma once

#include "driver/policy/survey.hpp"
#include "tools/console.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace hostcompat::tools {

/// A guest and what becomes of it on each kind of host.
struct SurveyedGuest {
    std::string input;
    /// Empty where it has none.
    std::string name;
    /// As <model> has it; empty where none is pinned.
    std::string pinned;
    std::vector<policy::GuestOnHost> judged;
    /// What 'fit' should pin; empty where nothing is to change.
    std::string change;
};

/// Takes guests one after the other, as they are read.
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

/// A page that needs nothing else, into a text: no script is needed to read it, nothing is loaded,
/// and whatever a document says stands in it as text.
std::unique_ptr<SurveyReport> surveyPage(std::string& html);

} // namespace hostcompat::tools
