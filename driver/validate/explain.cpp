// SPDX-License-Identifier: LGPL-2.1-or-later
// The rules of whole documents, each with its message.
#include "driver/validate/explain.hpp"

#include "driver/text/utf8.hpp"
#include "driver/validate/explain_modes.hpp"
#include "driver/validate/safe_parse.hpp"
#include "driver/validate/tree.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <ranges>

namespace hostcompat::validate {

namespace {

using tree::elementFrom;
using tree::isPlain;
using tree::isWrittenText;
using tree::writtenName;

/// The child elements of that name that have no namespace.
std::vector<xmlNode*> childrenNamed(const xmlNode* parent, std::string_view name) {
    std::vector<xmlNode*> found;
    for (xmlNode* child = elementFrom(parent->children); child; child = elementFrom(child->next))
        if (isPlain(child, name))
            found.push_back(child);
    return found;
}

/// The <enum name='compat'> children.
std::vector<xmlNode*> enumsOfModes(const xmlNode* parent) {
    auto found = childrenNamed(parent, "enum");
    std::erase_if(
        found, [](const xmlNode* node) { return tree::plainAttribute(node, "name") != "compat"; });
    return found;
}

void explainText(const xmlNode* parent, std::vector<Defect>& defects) {
    for (const xmlNode* child = parent->children; child; child = child->next)
        if (isWrittenText(child)) {
            defects.push_back(defectAt(parent, "text is not allowed in it, only elements"));
            return;
        }
}

void explainRepeats(const std::vector<xmlNode*>& nodes, std::vector<Defect>& defects) {
    for (std::size_t i = 1; i < nodes.size() && defects.size() < kMostDefects; ++i)
        defects.push_back(
            defectAt(nodes[i], fmt::format("only one is allowed; the first is in line {}",
                                           lineOf(nodes[0]))));
}

/// Checks the elements in a parent that list modes. There may be at most one, and it must be the
/// last child.
void explainLists(const std::vector<xmlNode*>& lists, std::string_view parent,
                  std::vector<Defect>& defects) {
    if (lists.empty())
        return;
    for (const xmlNode* list : lists | std::views::take(kMostDefects))
        std::ranges::move(explainModes(list), std::back_inserter(defects));
    explainRepeats(lists, defects);
    if (const xmlNode* next = elementFrom(lists.back()->next))
        defects.push_back(
            defectAt(lists.back(),
                     fmt::format("it must be the last element of {}; line {} has <{}> after it",
                                 parent, lineOf(next), text::clipped(writtenName(next)))));
}

/// Checks each <enum name='compat'> of domain capabilities: its position and its content.
void explainEnums(const xmlNode* cpu, std::vector<Defect>& defects) {
    const auto misplaced = [&](const xmlNode* parent) {
        for (const xmlNode* list : enumsOfModes(parent) | std::views::take(kMostDefects))
            defects.push_back(
                defectAt(list, "name='compat' is allowed in <mode name='host-model'> only"));
    };
    misplaced(cpu);
    for (const xmlNode* mode : childrenNamed(cpu, "mode")) {
        if (defects.size() >= kMostDefects)
            return;
        if (tree::plainAttribute(mode, "name") == "host-model")
            explainLists(enumsOfModes(mode), "<mode name='host-model'>", defects);
        else
            misplaced(mode);
    }
}

void explainDomainCapabilities(const xmlNode* root, std::vector<Defect>& defects) {
    explainText(root, defects);
    const auto cpus = childrenNamed(root, "cpu");
    explainRepeats(cpus, defects);
    for (const xmlNode* cpu : cpus | std::views::take(kMostDefects)) {
        explainText(cpu, defects);
        for (const xmlNode* mode : childrenNamed(cpu, "mode") | std::views::take(kMostDefects))
            explainText(mode, defects);
        explainEnums(cpu, defects);
    }
}

void explainCapabilities(const xmlNode* root, std::vector<Defect>& defects) {
    explainText(root, defects);
    const auto hosts = childrenNamed(root, "host");
    if (hosts.empty())
        defects.push_back(defectAt(root, "it has no <host>"));
    explainRepeats(hosts, defects);
    for (const xmlNode* host : hosts | std::views::take(kMostDefects)) {
        explainText(host, defects);
        const auto cpus = childrenNamed(host, "cpu");
        explainRepeats(cpus, defects);
        for (const xmlNode* cpu : cpus | std::views::take(kMostDefects)) {
            explainText(cpu, defects);
            explainLists(childrenNamed(cpu, "compat"), "<cpu>", defects);
        }
    }
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
    if (isPlain(root, "capabilities"))
        for (const xmlNode* host : childrenNamed(root, "host"))
            for (const xmlNode* cpu : childrenNamed(host, "cpu"))
                std::ranges::copy(childrenNamed(cpu, "compat"), std::back_inserter(found));
    if (isPlain(root, "domainCapabilities"))
        for (const xmlNode* cpu : childrenNamed(root, "cpu")) {
            std::ranges::copy(enumsOfModes(cpu), std::back_inserter(found));
            for (const xmlNode* mode : childrenNamed(cpu, "mode"))
                std::ranges::copy(enumsOfModes(mode), std::back_inserter(found));
        }
    return found;
}

std::vector<Defect> explainCompats(xmlDoc* document) {
    std::vector<Defect> defects;
    xmlNode* root = xmlDocGetRootElement(document);
    if (isPlain(root, "domainCapabilities"))
        for (const xmlNode* cpu : childrenNamed(root, "cpu") | std::views::take(kMostDefects))
            explainEnums(cpu, defects);
    else
        for (const xmlNode* compat : compatElements(document) | std::views::take(kMostDefects))
            std::ranges::move(explainModes(compat), std::back_inserter(defects));
    std::ranges::stable_sort(defects, {}, &Defect::line);
    markCut(root, defects);
    return defects;
}

std::vector<Defect> explainDocument(xmlDoc* document) {
    std::vector<Defect> defects;
    const xmlNode* root = xmlDocGetRootElement(document);
    if (!root)
        return defects;
    if (root->ns)
        return {defectAt(root, fmt::format("it is in the namespace '{}'; <{}> is in none",
                                           text::clipped(tree::text(root->ns->href)),
                                           tree::text(root->name) == "domainCapabilities"
                                               ? "domainCapabilities"
                                               : "capabilities"))};
    if (isPlain(root, "domainCapabilities"))
        explainDomainCapabilities(root, defects);
    else if (isPlain(root, "capabilities"))
        explainCapabilities(root, defects);
    else
        return {defectAt(root, "it is not <capabilities>")};
    std::ranges::stable_sort(defects, {}, &Defect::line);
    markCut(root, defects);
    return defects;
}

} // namespace hostcompat::validate
