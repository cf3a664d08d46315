// SPDX-License-Identifier: LGPL-2.1-or-later
// The rules of a list of modes, each with its message.
#include "driver/validate/explain_modes.hpp"

#include "driver/model/host_compat.hpp"
#include "driver/text/utf8.hpp"
#include "driver/validate/safe_parse.hpp"
#include "driver/validate/tree.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <string_view>

namespace hostcompat::validate {

namespace {

using tree::elementFrom;
using tree::isPlain;
using tree::isWrittenText;
using tree::writtenName;

constexpr std::string_view kModeNames = "power and a number, such as power9";

/// Checks one element and collects its defects.
class ModesExplainer {
public:
    std::vector<Defect> explain(const xmlNode* element) {
        const bool isCompat = isPlain(element, "compat");
        if (isCompat) {
            checkAttributes(element, {"source"});
            checkAttribute(element, "source", model::isSourceWord,
                           "one word, such as kvm or trial");
        } else {
            checkAttributes(element, {"name"});
        }
        for (const xmlNode* child = element->children; child && defects_.size() < kMostDefects;
             child = child->next) {
            if (isWrittenText(child))
                note(defectAt(element, "text is not allowed in it"));
            else if (child->type != XML_ELEMENT_NODE)
                continue;
            else if (isCompat && isPlain(child, "mode"))
                mode(child);
            else if (!isCompat && isPlain(child, "value"))
                value(child);
            else
                note(defectAt(child, isCompat
                                         ? "it is not allowed in <compat>, which contains <mode> "
                                           "elements only"
                                         : "it is not allowed in <enum name='compat'>, which "
                                           "contains <value> elements only"));
        }
        checkOrder();
        if (isCompat && !elementFrom(element->children))
            note(defectAt(element, "it has no <mode>"));
        return std::move(defects_);
    }

private:
    struct Seen {
        unsigned number;
        const xmlNode* node;
    };

    void note(Defect defect) {
        if (std::ranges::find(defects_, defect) == defects_.end())
            defects_.push_back(std::move(defect));
    }

    void checkAttributes(const xmlNode* node, std::initializer_list<std::string_view> allowed) {
        for (const xmlAttr* attribute = node->properties; attribute; attribute = attribute->next)
            if (attribute->ns ||
                std::ranges::find(allowed, tree::text(attribute->name)) == allowed.end())
                note(defectAt(node, fmt::format("attribute '{}' is not allowed",
                                                text::clipped(writtenName(attribute)))));
    }

    /// @param what the phrase that completes "it is" and "must be".
    void checkAttribute(const xmlNode* node, std::string_view name, const auto& isRight,
                        std::string_view what) {
        const auto value = tree::plainAttribute(node, name);
        if (!value)
            note(defectAt(node, fmt::format("attribute '{}' is missing; it is {}", name, what)));
        else if (!isRight(*value))
            note(defectAt(node, fmt::format("attribute '{}' is '{}', but must be {}", name,
                                            text::clipped(*value), what)));
    }

    void mode(const xmlNode* node) {
        checkAttributes(node, {"name", "supported"});
        checkAttribute(
            node, "name", [](const std::string& name) { return model::modeNumber(name); },
            kModeNames);
        checkAttribute(
            node, "supported",
            [](const std::string& answer) { return answer == "yes" || answer == "no"; },
            "yes or no");
        for (const xmlNode* child = node->children; child; child = child->next)
            if (child->type == XML_ELEMENT_NODE || isWrittenText(child))
                note(defectAt(node, "it must be empty"));
        see(node, tree::plainAttribute(node, "name").value_or(""));
    }

    void value(const xmlNode* node) {
        checkAttributes(node, {});
        if (elementFrom(node->children))
            note(defectAt(node, "only a mode's name is allowed in it"));
        const std::string name = tree::ownText(node);
        if (!model::modeNumber(name))
            note(defectAt(node, fmt::format("its text is '{}', but must be {}", text::clipped(name),
                                            kModeNames)));
        see(node, name);
    }

    void see(const xmlNode* node, std::string_view name) {
        const auto number = model::modeNumber(name);
        if (!number)
            return;
        const auto earlier = std::ranges::find(seen_, *number, &Seen::number);
        if (earlier != seen_.end())
            note(defectAt(node, fmt::format("mode '{}' is given twice; line {} has it too", name,
                                            lineOf(earlier->node))));
        else
            seen_.push_back({*number, node});
    }

    void checkOrder() {
        const auto wrong = std::ranges::adjacent_find(seen_, std::ranges::greater(), &Seen::number);
        if (wrong != seen_.end())
            note(defectAt(std::next(wrong)->node,
                          fmt::format("mode '{}' stands after '{}'; modes are listed oldest first",
                                      model::modeName(std::next(wrong)->number),
                                      model::modeName(wrong->number))));
    }

    std::vector<Defect> defects_;
    std::vector<Seen> seen_;
};

} // namespace

Defect defectAt(const xmlNode* node, std::string message) {
    return {.line = lineOf(node),
            .element = text::clipped(writtenName(node)),
            .message = std::move(message)};
}

void markCut(const xmlNode* node, std::vector<Defect>& defects) {
    if (defects.size() < kMostDefects)
        return;
    defects.resize(kMostDefects);
    defects.push_back(
        {lineOf(node), text::clipped(writtenName(node)),
         fmt::format("it has more than {} defects; the others are not listed", kMostDefects)});
}

std::vector<Defect> explainModes(const xmlNode* element) {
    return ModesExplainer().explain(element);
}

} // namespace hostcompat::validate
