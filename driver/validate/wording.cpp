// SPDX-License-Identifier: LGPL-2.1-or-later
// Reports one defect for each mistake, although libxml2 raises several errors on the way up from
// it.
#include "driver/validate/wording.hpp"

#include "driver/text/utf8.hpp"
#include "driver/validate/safe_parse.hpp"
#include "driver/validate/tree.hpp"

#include <fmt/format.h>
#include <libxml/relaxng.h>

#include <algorithm>
#include <map>
#include <tuple>

namespace hostcompat::validate {

namespace {

// libxml2 raises a few errors for each mistake. If a document raises more than this, the first ones
// are enough.
constexpr std::size_t kMostErrors = 200;

/// How specific an error is; lower is more specific. Of the errors at one element only the most
/// specific is kept.
int rank(int code) {
    switch (code) {
    case XML_RELAXNG_ERR_TYPEVAL:
    case XML_RELAXNG_ERR_TYPE:
    case XML_RELAXNG_ERR_VALUE:
    case XML_RELAXNG_ERR_LISTEXTRA:
        return 0;
    case XML_RELAXNG_ERR_DATATYPE:
    case XML_RELAXNG_ERR_TEXTWRONG:
        return 1;
    case XML_RELAXNG_ERR_INVALIDATTR:
        return 2;
    case XML_RELAXNG_ERR_ELEMNAME:
    case XML_RELAXNG_ERR_ELEMNONS:
    case XML_RELAXNG_ERR_ELEMWRONGNS:
    case XML_RELAXNG_ERR_ELEMEXTRANS:
    case XML_RELAXNG_ERR_ELEMWRONG:
    case XML_RELAXNG_ERR_EXTRACONTENT:
    case XML_RELAXNG_ERR_INTEREXTRA:
        return 3;
    case XML_RELAXNG_ERR_NOELEM:
        return 4;
    case XML_RELAXNG_ERR_ATTRVALID:
        return 5;
    case XML_RELAXNG_ERR_CONTENTVALID:
        return 6;
    default:
        return 7;
    }
}

// From this rank on, an error may be the consequence of a more specific one.
constexpr int kEcho = 3;

bool isAround(const xmlNode* outer, const xmlNode* inner) {
    for (inner = inner->parent; inner; inner = inner->parent)
        if (inner == outer)
            return true;
    return false;
}

bool hasElements(const xmlNode* node) {
    return tree::elementFrom(node->children) != nullptr;
}

} // namespace

void RelaxNgErrors::keep(void* userData, LibxmlError* error) {
    auto* errors = static_cast<RelaxNgErrors*>(userData);
    if (error->code == XML_ERR_NO_MEMORY || error->code == XML_RELAXNG_ERR_MEMORY)
        errors->outOfMemory_ = true;
    const auto* node = static_cast<const xmlNode*>(error->node);
    while (node && node->type != XML_ELEMENT_NODE)
        node = node->parent;
    if (!node || errors->raw_.size() >= kMostErrors)
        return;
    errors->raw_.push_back(
        {error->code, node, error->str1 ? error->str1 : "", error->str2 ? error->str2 : ""});
}

bool RelaxNgErrors::isAt(const xmlNode* element) const {
    return std::ranges::find(raw_, element, &Raw::node) != raw_.end();
}

std::string RelaxNgErrors::wrongValue(const Raw& raw) {
    const bool typed = raw.code == XML_RELAXNG_ERR_TYPEVAL;
    const std::string type =
        typed ? fmt::format("which is not of the type {}", text::clipped(raw.first))
              : std::string("which is not allowed");
    if (typed)
        for (const xmlAttr* attribute = raw.node->properties; attribute;
             attribute = attribute->next)
            if (tree::value(attribute) == raw.second)
                return fmt::format("attribute '{}' is '{}', {}",
                                   text::clipped(tree::writtenName(attribute)),
                                   text::clipped(raw.second), type);
    return fmt::format("its text is '{}', {}",
                       text::clipped(typed ? raw.second : tree::ownText(raw.node)), type);
}

Defect RelaxNgErrors::worded(const Raw& raw) {
    const std::string name = text::clipped(tree::writtenName(raw.node));
    Defect defect{.line = lineOf(raw.node), .element = name, .message = ""};
    switch (rank(raw.code)) {
    case 0:
        defect.message = wrongValue(raw);
        break;
    case 1:
        defect.message = raw.code == XML_RELAXNG_ERR_TEXTWRONG
                             ? "text is not allowed in it, only elements"
                             : wrongValue(raw);
        break;
    case 2:
        defect.message =
            fmt::format("attribute '{}' is not allowed, or an attribute has a wrong value",
                        text::clipped(raw.first));
        break;
    case 3:
        defect.message = "it is not allowed here, or something in it is wrong or missing";
        break;
    case 4:
        defect.message = fmt::format("an element <{}> is missing in it", text::clipped(raw.first));
        break;
    case 5:
        defect.message = "an attribute is missing or has a wrong value";
        break;
    case 6:
        // libxml2 names the parent, but points to the child at which it stopped.
        defect.message = raw.first != tree::text(raw.node->name)
                             ? "it is not allowed here, or something in it is wrong or missing"
                         : hasElements(raw.node) ? "something in it is wrong or missing"
                                                 : "its content is wrong or missing";
        break;
    default:
        defect.message = "it does not match the grammar";
        break;
    }
    return defect;
}

std::vector<Defect> RelaxNgErrors::defects() const {
    std::vector<const Raw*> best;
    std::map<const xmlNode*, const Raw*> byNode;
    for (const Raw& raw : raw_) {
        const Raw*& kept = byNode[raw.node];
        if (!kept || rank(raw.code) < rank(kept->code))
            kept = &raw;
    }
    for (const auto& [node, raw] : byNode) {
        const bool echo = rank(raw->code) >= kEcho &&
                          std::ranges::any_of(byNode, [outer = node](const auto& other) {
                              return isAround(outer, other.first);
                          });
        if (!echo)
            best.push_back(raw);
    }
    std::vector<Defect> defects;
    defects.reserve(best.size());
    for (const Raw* raw : best)
        defects.push_back(worded(*raw));
    std::ranges::sort(defects, [](const Defect& left, const Defect& right) {
        return std::tie(left.line, left.element, left.message) <
               std::tie(right.line, right.element, right.message);
    });
    const auto repeated = std::ranges::unique(defects);
    defects.erase(repeated.begin(), repeated.end());
    return defects;
}

} // namespace hostcompat::validate
