// SPDX-License-Identifier: LGPL-2.1-or-later
// The rules of a list of modes, each with the words for its violation.
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

std::string listed(const std::vector<std::string_view>& words, std::string_view conjunction) {
    std::string text;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (i != 0)
            text += i + 1 == words.size() ? fmt::format(" {} ", conjunction) : ", ";
        text += words[i];
    }
    return text;
}

std::vector<std::string_view> modeNames(model::ModeTable table) {
    std::vector<std::string_view> names;
    for (const model::Mode& mode : table)
        names.push_back(mode.name);
    return names;
}

std::vector<std::string_view> sourceNames() {
    return {"kvm", "trial", "device-tree", "pvr"};
}

/// Walks over one element and notes what is wrong.
class ModesExplainer {
public:
    explicit ModesExplainer(model::ModeTable table) : table_(table) {}

    std::vector<Defect> explain(const xmlNode* element) {
        const bool isCompat = isPlain(element, "compat");
        if (isCompat) {
            checkAttributes(element, {"source"});
            checkChoice(element, "source", sourceNames());
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
                note(defectAt(child, isCompat ? "it is not allowed in <compat>, which holds <mode> "
                                                "elements only"
                                              : "it is not allowed in <enum name='compat'>, which "
                                                "holds <value> elements only"));
        }
        checkOrder();
        if (isCompat)
            checkCompleteness(element);
        return std::move(defects_);
    }

private:
    struct Seen {
        const model::Mode* mode;
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

    void checkChoice(const xmlNode* node, std::string_view name,
                     const std::vector<std::string_view>& choices) {
        const auto value = tree::plainAttribute(node, name);
        if (!value)
            note(defectAt(node, fmt::format("attribute '{}' is missing; it is {}", name,
                                            listed(choices, "or"))));
        else if (std::ranges::find(choices, *value) == choices.end())
            note(defectAt(node, fmt::format("attribute '{}' is '{}', and has to be {}", name,
                                            text::clipped(*value), listed(choices, "or"))));
    }

    void mode(const xmlNode* node) {
        checkAttributes(node, {"name", "supported"});
        const auto name = tree::plainAttribute(node, "name");
        const model::Mode* known = name ? model::findModeByName(*name, table_) : nullptr;
        checkChoice(node, "name", modeNames(table_));
        checkChoice(node, "supported", {"yes", "no"});
        for (const xmlNode* child = node->children; child; child = child->next)
            if (child->type == XML_ELEMENT_NODE || isWrittenText(child))
                note(defectAt(node, "it has to be empty"));
        see(node, known);
    }

    void value(const xmlNode* node) {
        checkAttributes(node, {});
        if (elementFrom(node->children))
            note(defectAt(node, "only a mode's name is allowed in it"));
        const std::string name = tree::ownText(node);
        const model::Mode* known = model::findModeByName(name, table_);
        if (!known)
            note(defectAt(node, fmt::format("its text is '{}', and has to be {}",
                                            text::clipped(name), listed(modeNames(table_), "or"))));
        see(node, known);
    }

    void see(const xmlNode* node, const model::Mode* known) {
        if (!known) {
            strange_ = true;
            return;
        }
        const auto earlier = std::ranges::find(seen_, known, &Seen::mode);
        if (earlier != seen_.end())
            note(defectAt(node, fmt::format("mode '{}' is given twice; line {} has it too",
                                            known->name, lineOf(earlier->node))));
        else
            seen_.push_back({known, node});
    }

    void checkOrder() {
        // Rows of one table are compared by their place in it.
        const auto wrong = std::ranges::adjacent_find(
            seen_, [](const Seen& left, const Seen& right) { return left.mode > right.mode; });
        if (wrong != seen_.end())
            note(defectAt(std::next(wrong)->node,
                          fmt::format("mode '{}' stands after '{}'; modes are listed oldest first",
                                      std::next(wrong)->mode->name, wrong->mode->name)));
    }

    void checkCompleteness(const xmlNode* element) {
        std::vector<std::string_view> missing;
        for (const model::Mode& mode : table_)
            if (mode.capabilityBit != 0 &&
                std::ranges::find(seen_, &mode, &Seen::mode) == seen_.end())
                missing.push_back(mode.name);
        // A mode of a strange name most likely is the missing one, and has been named.
        if (missing.size() == 1 && !strange_)
            note(defectAt(element, fmt::format("mode {} is missing", missing.front())));
        else if (missing.size() > 1)
            note(defectAt(element, fmt::format("modes {} are missing", listed(missing, "and"))));
    }

    model::ModeTable table_;
    std::vector<Defect> defects_;
    std::vector<Seen> seen_;
    bool strange_ = false;
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

std::vector<Defect> explainModes(const xmlNode* element, model::ModeTable table) {
    return ModesExplainer(table).explain(element);
}

} // namespace hostcompat::validate
