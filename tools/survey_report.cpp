// SPDX-License-Identifier: LGPL-2.1-or-later
// The table and the JSON output of a survey.
#include "tools/survey_report.hpp"

#include "driver/policy/wording.hpp"
#include "driver/text/utf8.hpp"
#include "tools/policy_options.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>

namespace hostcompat::tools {

namespace {

using Json = nlohmann::ordered_json;

/// Some of the names, and the number of the others.
std::string someNames(const std::vector<std::string>& names) {
    constexpr std::size_t kShown = 3;
    std::vector<std::string> shown;
    for (std::size_t index = 0; index < std::min(kShown, names.size()); ++index)
        shown.push_back(text::clipped(names[index], 40));
    const std::string list = fmt::format("{}", fmt::join(shown, ", "));
    return names.size() > kShown ? fmt::format("{} and {} more", list, names.size() - kShown)
                                 : list;
}

std::string modesOf(const policy::PolicyHost& host) {
    return host.compat.known ? policy::wording::modeNames(host.compat.known->supported) : "unknown";
}

class Table final : public SurveyReport {
public:
    explicit Table(Console& console) : console_(console) {}

    void begin(const policy::Survey& survey) override {
        survey_ = &survey;
        console_.printLine(fmt::format("Hosts ({})", survey.hosts()));
        for (const policy::HostKind& kind : survey.kinds()) {
            const auto& known = kind.host.compat.known;
            console_.printLine(fmt::format("  {}", someNames(kind.names)));
            console_.printLine(fmt::format(
                "    {}: {}{}", kind.host.model.empty() ? "a host" : text::clipped(kind.host.model),
                modesOf(kind.host), known ? fmt::format(" ({})", known->source) : ""));
            if (!known)
                console_.printLine(fmt::format("    {}", kind.host.compat.reason));
        }
        const policy::Baseline& baseline = survey.baseline();
        const unsigned newest = baseline.common().newest();
        console_.printLine(
            newest == 0 ? baseline.unknown().count == 0
                              ? "  no mode is common to all hosts"
                              : "  no mode is common to all hosts whose modes are known"
                        : fmt::format("  newest mode common to all hosts{}: {}",
                                      baseline.unknown().count == 0 ? "" : " whose modes are known",
                                      model::modeName(newest)));
        for (const unsigned mode : baseline.any().numbers())
            if (mode > newest)
                console_.printLine(fmt::format("  {} is lacking on {}", model::modeName(mode),
                                               policy::wording::someHosts(baseline.lacking(mode))));
        console_.printLine("Guests");
    }

    void guest(const SurveyedGuest& guest) override {
        ++guests_;
        console_.printLine(fmt::format(
            "  {} ({}){}", guest.name.empty() ? guest.input : text::clipped(guest.name),
            guest.pinned.empty() ? "no pinned mode" : text::clipped(guest.pinned),
            guest.change.empty()
                ? ""
                : fmt::format(": can run everywhere after 'fit --mode {}'", guest.change)));
        std::size_t index = 0;
        bool everywhere = true;
        for (const policy::GuestOnHost& judged : guest.judged) {
            const policy::HostKind& kind = survey_->kinds()[index++];
            if (isYes(judged.start.verdict) && isYes(judged.arrive.verdict))
                continue;
            everywhere = false;
            console_.printLine(fmt::format("    {}: start {}, arrive {}", someNames(kind.names),
                                           toString(judged.start.verdict),
                                           toString(judged.arrive.verdict)));
            if (!isYes(judged.start.verdict))
                console_.printLine(fmt::format("      {}", judged.start.reason));
            if (!isYes(judged.arrive.verdict) && judged.arrive.reason != judged.start.reason)
                console_.printLine(fmt::format("      {}", judged.arrive.reason));
        }
        if (everywhere)
            console_.printLine("    can start and arrive on every host");
        else
            ++bound_;
    }

    void end() override {
        console_.printLine(guests_ == 0
                               ? "  no guest was given"
                               : fmt::format("{} of {} guests can start and arrive everywhere",
                                             guests_ - bound_, guests_));
    }

private:
    Console& console_;
    const policy::Survey* survey_ = nullptr;
    std::uint64_t guests_ = 0;
    std::uint64_t bound_ = 0;
};

class JsonSurvey final : public SurveyReport {
public:
    explicit JsonSurvey(Console& console) : console_(console) {}

    void begin(const policy::Survey& survey) override {
        Json kinds = Json::array();
        for (const policy::HostKind& kind : survey.kinds()) {
            const auto& known = kind.host.compat.known;
            kinds.push_back({{"hosts", kind.names},
                             {"arch", jsonText(kind.host.arch)},
                             {"model", jsonText(kind.host.model)},
                             {"modes", known ? jsonModes(known->supported) : Json(nullptr)},
                             {"source", known ? Json(known->source) : Json(nullptr)},
                             {"reason", known ? Json(nullptr) : Json(kind.host.compat.reason)}});
        }
        const policy::Baseline& baseline = survey.baseline();
        const unsigned newest = baseline.common().newest();
        Json lacking = Json::array();
        for (const unsigned mode : baseline.any().numbers())
            if (mode > newest)
                lacking.push_back(
                    {{"mode", model::modeName(mode)}, {"hosts", baseline.lacking(mode).names}});
        console_.printExact(fmt::format(
            "{{\n  \"virt-host-compat\": {{\n    \"schema_version\": 1,\n    \"kinds\": {},\n"
            "    \"common\": {},\n    \"lacking\": {},\n    \"guests\": [",
            dump(kinds), newest == 0 ? "null" : dump(model::modeName(newest)), dump(lacking)));
    }

    void guest(const SurveyedGuest& guest) override {
        Json judged = Json::array();
        for (const policy::GuestOnHost& each : guest.judged)
            judged.push_back({{"start", toString(each.start.verdict)},
                              {"arrive", toString(each.arrive.verdict)},
                              {"reason", each.start.reason},
                              {"remedy", jsonText(each.start.remedy)},
                              {"arrive_reason", each.arrive.reason}});
        const Json entry{{"input", guest.input},
                         {"domain", jsonText(guest.name)},
                         {"mode", jsonText(guest.pinned)},
                         {"change", jsonText(guest.change)},
                         {"on", std::move(judged)}};
        console_.printExact((first_ ? "\n      " : ",\n      ") + dump(entry));
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

} // namespace

std::unique_ptr<SurveyReport> surveyTable(Console& console) {
    return std::make_unique<Table>(console);
}

std::unique_ptr<SurveyReport> surveyJson(Console& console) {
    return std::make_unique<JsonSurvey>(console);
}

} // namespace hostcompat::tools
