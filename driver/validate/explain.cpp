// SPDX-License-Identifier: LGPL-2.1-or-later
// The rules of <compat>, each with the words for its violation.
#include "driver/validate/explain.hpp"

#include "driver/model/host_compat.hpp"
#include "driver/text/utf8.hpp"
#include "driver/validate/safe_parse.hpp"
#include "driver/validate/tree.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <ranges>

namespace hostcompat::validate {

namespace {

using tree::elementFrom;
using tree::isPlain;
using tree::isWrittenText;
using tree::writtenName;

Defect at(const xmlNode* node, std::string message) {
    return {.line = lineOf(node),
            .element = text::clipped(writtenName(node)),
            .message = std::move(message)};
}

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

// Whoever wrote this many mistakes needs no list of all of them, and a hostile document has
// millions.
constexpr std::size_t kMostDefects = 1000;

/// The last defect of a list that was cut.
void markCut(const xmlNode* root, std::vector<Defect>& defects) {
    if (defects.size() < kMostDefects)
        return;
    defects.resize(kMostDefects);
    defects.push_back(
        {lineOf(root), text::clipped(writtenName(root)),
         fmt::format("it has more than {} defects; the others are not listed", kMostDefects)});
}

/// Walks over one <compat> and notes what is wrong.
class CompatExplainer {
public:
    explicit CompatExplainer(model::ModeTable table) : table_(table) {}

    std::vector<Defect> explain(const xmlNode* compat) {
        checkAttributes(compat, {"source"});
        checkChoice(compat, "source", sourceNames());
        for (const xmlNode* child = compat->children; child && defects_.size() < kMostDefects;
             child = child->next) {
            if (isWrittenText(child))
                note(at(compat, "text is not allowed in it"));
            else if (child->type == XML_ELEMENT_NODE && isPlain(child, "mode"))
                mode(child);
            else if (child->type == XML_ELEMENT_NODE)
                note(at(child, "it is not allowed in <compat>, which holds <mode> elements only"));
        }
        checkOrder();
        checkCompleteness(compat);
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

    static std::optional<std::string> plainAttribute(const xmlNode* node, std::string_view name) {
        for (const xmlAttr* attribute = node->properties; attribute; attribute = attribute->next)
            if (!attribute->ns && tree::text(attribute->name) == name)
                return tree::value(attribute);
        return std::nullopt;
    }

    void checkAttributes(const xmlNode* node, std::initializer_list<std::string_view> allowed) {
        for (const xmlAttr* attribute = node->properties; attribute; attribute = attribute->next)
            if (attribute->ns ||
                std::ranges::find(allowed, tree::text(attribute->name)) == allowed.end())
                note(at(node, fmt::format("attribute '{}' is not allowed",
                                          text::clipped(writtenName(attribute)))));
    }

    void checkChoice(const xmlNode* node, std::string_view name,
                     const std::vector<std::string_view>& choices) {
        const auto value = plainAttribute(node, name);
        if (!value)
            note(at(node, fmt::format("attribute '{}' is missing; it is {}", name,
                                      listed(choices, "or"))));
        else if (std::ranges::find(choices, *value) == choices.end())
            note(at(node, fmt::format("attribute '{}' is '{}', and has to be {}", name,
                                      text::clipped(*value), listed(choices, "or"))));
    }

    void mode(const xmlNode* node) {
        checkAttributes(node, {"name", "supported"});
        const auto name = plainAttribute(node, "name");
        const model::Mode* known = name ? model::findModeByName(*name, table_) : nullptr;
        checkChoice(node, "name", modeNames(table_));
        checkChoice(node, "supported", {"yes", "no"});
        for (const xmlNode* child = node->children; child; child = child->next)
            if (child->type == XML_ELEMENT_NODE || isWrittenText(child))
                note(at(node, "it has to be empty"));
        if (!known) {
            strange_ = true;
            return;
        }
        const auto earlier = std::ranges::find(seen_, known, &Seen::mode);
        if (earlier != seen_.end())
            note(at(node, fmt::format("mode '{}' is given twice; line {} has it too", known->name,
                                      lineOf(earlier->node))));
        else
            seen_.push_back({known, node});
    }

    void checkOrder() {
        // Rows of one table are compared by their place in it.
        const auto wrong = std::ranges::adjacent_find(
            seen_, [](const Seen& left, const Seen& right) { return left.mode > right.mode; });
        if (wrong != seen_.end())
            note(at(std::next(wrong)->node,
                    fmt::format("mode '{}' stands after '{}'; modes are listed oldest first",
                                std::next(wrong)->mode->name, wrong->mode->name)));
    }

    void checkCompleteness(const xmlNode* compat) {
        std::vector<std::string_view> missing;
        for (const model::Mode& mode : table_)
            if (mode.capabilityBit != 0 &&
                std::ranges::find(seen_, &mode, &Seen::mode) == seen_.end())
                missing.push_back(mode.name);
        // A mode of a strange name most likely is the missing one, and has been named.
        if (missing.size() == 1 && !strange_)
            note(at(compat, fmt::format("mode {} is missing", missing.front())));
        else if (missing.size() > 1)
            note(at(compat, fmt::format("modes {} are missing", listed(missing, "and"))));
    }

    model::ModeTable table_;
    std::vector<Defect> defects_;
    std::vector<Seen> seen_;
    bool strange_ = false;
};

/// The child elements of that name, in no namespace.
std::vector<xmlNode*> childrenNamed(const xmlNode* parent, std::string_view name) {
    std::vector<xmlNode*> found;
    for (xmlNode* child = elementFrom(parent->children); child; child = elementFrom(child->next))
        if (isPlain(child, name))
            found.push_back(child);
    return found;
}

void explainText(const xmlNode* parent, std::vector<Defect>& defects) {
    for (const xmlNode* child = parent->children; child; child = child->next)
        if (isWrittenText(child)) {
            defects.push_back(at(parent, "text is not allowed in it, only elements"));
            return;
        }
}

void explainRepeats(const std::vector<xmlNode*>& nodes, std::vector<Defect>& defects) {
    for (std::size_t i = 1; i < nodes.size() && defects.size() < kMostDefects; ++i)
        defects.push_back(
            at(nodes[i], fmt::format("there may be only one; line {} has it", lineOf(nodes[0]))));
}

void explainCpu(const xmlNode* cpu, model::ModeTable table, std::vector<Defect>& defects) {
    explainText(cpu, defects);
    const auto compats = childrenNamed(cpu, "compat");
    if (compats.empty())
        return;
    for (const xmlNode* compat : compats | std::views::take(kMostDefects))
        std::ranges::move(CompatExplainer(table).explain(compat), std::back_inserter(defects));
    explainRepeats(compats, defects);
    if (const xmlNode* next = elementFrom(compats.back()->next))
        defects.push_back(
            at(compats.back(),
               fmt::format("it has to be the last element of <cpu>; line {} has <{}> after it",
                           lineOf(next), text::clipped(writtenName(next)))));
}

} // namespace

std::string formatDefect(std::string_view file, const Defect& defect) {
    return fmt::format("{}:{}: {}: {}", file, defect.line, defect.element, defect.message);
}

std::vector<xmlNode*> compatElements(xmlDoc* document) {
    xmlNode* root = xmlDocGetRootElement(document);
    std::vector<xmlNode*> found;
    if (!root)
        return found;
    if (isPlain(root, "compat"))
        return {root};
    if (!isPlain(root, "capabilities"))
        return found;
    for (const xmlNode* host : childrenNamed(root, "host"))
        for (const xmlNode* cpu : childrenNamed(host, "cpu"))
            std::ranges::copy(childrenNamed(cpu, "compat"), std::back_inserter(found));
    return found;
}

std::vector<Defect> explainCompat(const xmlNode* compat, model::ModeTable table) {
    auto defects = CompatExplainer(table).explain(compat);
    markCut(compat, defects);
    return defects;
}

std::vector<Defect> explainCapabilities(xmlDoc* document, model::ModeTable table) {
    std::vector<Defect> defects;
    const xmlNode* root = xmlDocGetRootElement(document);
    if (!root)
        return defects;
    if (root->ns)
        return {at(root, fmt::format("it is in the namespace '{}'; <capabilities> is in none",
                                     text::clipped(tree::text(root->ns->href))))};
    if (!isPlain(root, "capabilities"))
        return {at(root, "it is not <capabilities>")};
    explainText(root, defects);
    const auto hosts = childrenNamed(root, "host");
    if (hosts.empty())
        defects.push_back(at(root, "it has no <host>"));
    explainRepeats(hosts, defects);
    for (const xmlNode* host : hosts | std::views::take(kMostDefects)) {
        explainText(host, defects);
        const auto cpus = childrenNamed(host, "cpu");
        explainRepeats(cpus, defects);
        for (const xmlNode* cpu : cpus | std::views::take(kMostDefects))
            explainCpu(cpu, table, defects);
    }
    std::ranges::stable_sort(defects, {}, &Defect::line);
    markCut(root, defects);
    return defects;
}

} // namespace hostcompat::validate
