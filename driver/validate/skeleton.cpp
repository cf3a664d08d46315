// SPDX-License-Identifier: LGPL-2.1-or-later
// Copies the path to <compat>, and stand-ins for the rest.
#include "driver/validate/skeleton.hpp"

#include "driver/validate/tree.hpp"

#include <array>
#include <cstddef>
#include <string_view>

namespace hostcompat::validate {

namespace {

// The elements on the way: each is copied where it is the plain child of the one before.
constexpr std::array<std::string_view, 4> kPath{"capabilities", "host", "cpu", "compat"};

// More elements than the table of modes will ever have rows; a <compat> of as many is invalid.
constexpr std::size_t kMostModes = 100;

/// Makes one skeleton. Functions return false where memory ran out.
class Copier {
public:
    explicit Copier(xmlDoc* target) : target_(target) {}

    bool copyRoot(const xmlNode* root) {
        xmlNode* copy = xmlDocCopyNode(const_cast<xmlNode*>(root), target_, 2);
        if (!copy)
            return false;
        xmlDocSetRootElement(target_, copy);
        copyLine(root, copy);
        return !tree::isPlain(root, kPath[0]) || copyChildren(root, copy, 1);
    }

private:
    static void copyLine(const xmlNode* from, xmlNode* to) {
        to->line = from->line;
        to->extra = from->extra;
    }

    bool add(const xmlNode* from, xmlNode* child, xmlNode* parent) {
        if (!child)
            return false;
        copyLine(from, child);
        return xmlAddChild(parent, child) != nullptr;
    }

    bool copyChildren(const xmlNode* from, xmlNode* to, std::size_t depth) {
        std::size_t onPath = 0;
        bool afterOther = false;
        bool afterText = false;
        for (xmlNode* child = from->children; child; child = child->next) {
            if (tree::isWrittenText(child)) {
                if (!afterText && !add(child, xmlNewDocText(target_, child->content), to))
                    return false;
                afterText = true;
            } else if (tree::isPlain(child, kPath[depth])) {
                afterOther = false;
                if (++onPath > 2)
                    continue;
                if (!copyOnPath(child, to, depth))
                    return false;
            } else if (child->type == XML_ELEMENT_NODE && !afterOther) {
                if (!add(child, standIn(), to))
                    return false;
                afterOther = true;
            }
        }
        return true;
    }

    bool copyOnPath(xmlNode* node, xmlNode* to, std::size_t depth) {
        xmlNode* copy = xmlDocCopyNode(node, target_, 2);
        if (!add(node, copy, to))
            return false;
        return depth + 1 == kPath.size() ? copyCompat(node, copy)
                                         : copyChildren(node, copy, depth + 1);
    }

    /// All of <compat> that there can be in a valid one, and enough of one that is too long.
    bool copyCompat(const xmlNode* from, xmlNode* to) {
        std::size_t elements = 0;
        bool text = false;
        for (xmlNode* child = from->children; child && elements < kMostModes; child = child->next) {
            if (tree::isWrittenText(child)) {
                if (!text && !add(child, xmlNewDocText(target_, child->content), to))
                    return false;
                text = true;
            } else if (child->type == XML_ELEMENT_NODE) {
                ++elements;
                xmlNode* copy = xmlDocCopyNode(child, target_, 2);
                if (!add(child, copy, to) || !copyFilling(child, copy))
                    return false;
            }
        }
        return true;
    }

    /// A mode has to be empty, so one thing in it stands for all.
    bool copyFilling(const xmlNode* from, xmlNode* to) {
        for (const xmlNode* child = from->children; child; child = child->next) {
            if (tree::isWrittenText(child))
                return add(child, xmlNewDocText(target_, child->content), to);
            if (child->type == XML_ELEMENT_NODE)
                return add(child, standIn(), to);
        }
        return true;
    }

    xmlNode* standIn() {
        // The name does not matter, only that it is not one on the path.
        return xmlNewDocNode(target_, nullptr, reinterpret_cast<const xmlChar*>("other"), nullptr);
    }

    xmlDoc* target_;
};

} // namespace

XmlDocument skeletonOf(const xmlDoc* document) {
    XmlDocument skeleton(xmlNewDoc(reinterpret_cast<const xmlChar*>("1.0")));
    const xmlNode* root = xmlDocGetRootElement(const_cast<xmlDoc*>(document));
    if (!skeleton || !root || !Copier(skeleton.get()).copyRoot(root))
        return nullptr;
    return skeleton;
}

} // namespace hostcompat::validate
