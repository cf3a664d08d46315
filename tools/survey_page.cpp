// SPDX-License-Identifier: LGPL-2.1-or-later
// The HTML page of a survey.
#include "driver/policy/wording.hpp"
#include "driver/text/utf8.hpp"
#include "tools/survey_report.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>

namespace hostcompat::tools {

namespace {

/// Escapes untrusted text for the page: it is made printable, so that nothing changes the writing
/// direction, and contains no character that begins a tag or ends an attribute.
std::string escaped(std::string_view text) {
    std::string result;
    for (const char character : text::printable(text)) {
        switch (character) {
        case '&':
            result += "&amp;";
            break;
        case '<':
            result += "&lt;";
            break;
        case '>':
            result += "&gt;";
            break;
        case '"':
            result += "&quot;";
            break;
        case '\'':
            result += "&#39;";
            break;
        default:
            result += character;
        }
    }
    return result;
}

constexpr std::string_view kHead = R"(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>Guests and hosts</title>
<style>
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { margin: 2rem; }
table { border-collapse: collapse; margin: 1rem 0; }
th, td { border: 1px solid #8888; padding: .3rem .6rem; text-align: left; vertical-align: top; }
.wide { overflow-x: auto; }
.yes { background: #2a24; } .no { background: #c224; } .unknown { background: #da24; }
summary { cursor: pointer; }
@media print { body { margin: 0; } details::details-content { content-visibility: visible; } #filter { display: none; } }
</style>
</head>
<body>
<h1>Guests and hosts</h1>
)";

/// A table that is wider than the window scrolls separately, also with the keyboard.
constexpr std::string_view kWide =
    R"(<div class="wide" tabindex="0" role="region" aria-label="{}">)";

// Without JavaScript all rows are shown.
constexpr std::string_view kTail = R"(<script>
const filter = document.getElementById('filter');
filter.hidden = false;
filter.querySelector('input').addEventListener('input', (event) => {
    const wanted = event.target.value.toLowerCase();
    for (const row of document.querySelectorAll('#guests tbody tr'))
        row.hidden = !row.textContent.toLowerCase().includes(wanted);
});
</script>
</body>
</html>
)";

std::string_view classOf(policy::Verdict verdict) {
    switch (verdict) {
    case policy::Verdict::compatible:
    case policy::Verdict::notApplicable:
        return "yes";
    case policy::Verdict::incompatible:
        return "no";
    case policy::Verdict::unknown:
        break;
    }
    return "unknown";
}

class Page final : public SurveyReport {
public:
    explicit Page(std::function<void(std::string_view)> write) : write_(std::move(write)) {}

    void begin(const policy::Survey& survey) override {
        html_ = kHead;
        const unsigned newest = survey.baseline().common().newest();
        const std::string_view among =
            survey.baseline().unknown().count == 0 ? "" : " whose modes are known";
        html_ += fmt::format(
            "<p>{} hosts. {}</p>\n{}<table>\n<caption>Hosts</caption>\n<thead><tr><th "
            "scope=\"col\">"
            "Kind</th><th scope=\"col\">Hosts</th><th scope=\"col\">Processor</th>"
            "<th scope=\"col\">Modes</th><th scope=\"col\">Source</th></tr></thead>\n<tbody>\n",
            survey.hosts(),
            newest == 0 ? fmt::format("No mode is common to all hosts{}.", among)
                        : fmt::format("Newest mode common to all hosts{}: {}.", among,
                                      model::modeName(newest)),
            fmt::format(kWide, "Hosts"));
        std::string heads;
        std::size_t number = 0;
        for (const policy::HostKind& kind : survey.kinds()) {
            std::vector<std::string> names;
            for (const std::string& name : kind.names)
                names.push_back(escaped(name));
            const auto& known = kind.host.compat.known;
            html_ += fmt::format(
                "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
                ++number, fmt::join(names, "<br>"), escaped(kind.host.model),
                known ? policy::wording::modeNames(known->supported) : "unknown",
                escaped(known ? known->source : kind.host.compat.reason));
            heads += fmt::format("<th scope=\"col\">on {}</th>", number);
        }
        html_ += fmt::format(
            "</tbody>\n</table></div>\n<p id=\"filter\" hidden><label>Filter: <input "
            "type=\"search\">"
            "</label></p>\n{}<table id=\"guests\">\n<caption>Guests, by kind of host</caption>\n"
            "<thead><tr><th scope=\"col\">Guest</th><th scope=\"col\">Pinned</th>{}<th "
            "scope=\"col\""
            ">To run everywhere</th></tr></thead>\n<tbody>\n",
            fmt::format(kWide, "Guests"), heads);
    }

    void guest(const SurveyedGuest& guest) override {
        html_ += fmt::format("<tr><th scope=\"row\">{}</th><td>{}</td>",
                             escaped(guest.name.empty() ? guest.input : guest.name),
                             guest.pinned.empty() ? "none" : escaped(guest.pinned));
        for (const policy::GuestOnHost& judged : guest.judged) {
            const auto verdict = judged.start.verdict;
            html_ += fmt::format(
                "<td class=\"{}\"><details><summary>start: {}; arrive: {}</summary>{}{}{}"
                "{}</details></td>",
                classOf(verdict), toString(verdict), toString(judged.arrive.verdict),
                escaped(judged.start.reason), judged.start.remedy.empty() ? "" : "; ",
                escaped(judged.start.remedy),
                judged.arrive.reason == judged.start.reason
                    ? ""
                    : fmt::format("<br>to arrive: {}", escaped(judged.arrive.reason)));
        }
        html_ +=
            fmt::format("<td>{}</td></tr>\n",
                        guest.change.empty() ? "" : fmt::format("pin {}", escaped(guest.change)));
        if (html_.size() >= kPiece)
            give();
    }

    void end() override {
        html_ += "</tbody>\n</table></div>\n";
        html_ += kTail;
        give();
    }

private:
    /// The number of bytes that are written at a time.
    static constexpr std::size_t kPiece = std::size_t{1} << 16;

    void give() {
        write_(html_);
        html_.clear();
    }

    std::function<void(std::string_view)> write_;
    /// The part that was not written yet.
    std::string html_;
};

} // namespace

std::unique_ptr<SurveyReport> surveyPage(std::function<void(std::string_view)> write) {
    return std::make_unique<Page>(std::move(write));
}

} // namespace hostcompat::tools
