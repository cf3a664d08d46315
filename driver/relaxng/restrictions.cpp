// SPDX-License-Identifier: LGPL-2.1-or-later
// Collects the parts of each content, and compares the parts of groups and interleaves.
#include "driver/relaxng/restrictions.hpp"

#include <algorithm>
#include <iterator>
#include <unordered_map>
#include <utility>

namespace hostcompat::relaxng {

namespace {

enum class Content { empty, complex, data };

/// Number of a set of name classes in NameSets.
using NameSet = std::uint32_t;

/// Sets of name classes by number. Most patterns have the names of one of their parts, so few sets
/// are made.
class NameSets {
public:
    static constexpr NameSet none = 0;

    NameSet only(NameClass name) {
        const auto [entry, isNew] = single_.try_emplace(name, none);
        if (isNew)
            entry->second = add({name});
        return entry->second;
    }
    NameSet either(NameSet a, NameSet b) {
        if (a == b || b == none)
            return a;
        if (a == none)
            return b;
        std::vector<NameClass> missing;
        std::ranges::copy_if(sets_[b], std::back_inserter(missing), [&](NameClass name) {
            return std::ranges::find(sets_[a], name) == sets_[a].end();
        });
        if (missing.empty())
            return a;
        missing.insert(missing.begin(), sets_[a].begin(), sets_[a].end());
        return add(std::move(missing));
    }
    const std::vector<NameClass>& operator[](NameSet set) const {
        return sets_[set];
    }

private:
    NameSet add(std::vector<NameClass> names) {
        sets_.push_back(std::move(names));
        return static_cast<NameSet>(sets_.size() - 1);
    }

    std::vector<std::vector<NameClass>> sets_ = std::vector<std::vector<NameClass>>(1);
    std::unordered_map<NameClass, NameSet> single_;
};

struct Facts {
    Content content = Content::empty;
    bool text = false;
    bool groupedAttribute = false; ///< a group or interleave contains attributes
    bool openAttribute = false;    ///< a wildcard attribute outside oneOrMore
    bool ambiguous = false;        ///< alternatives have elements in common
    bool interleave = false;
    bool greedy = false;         ///< an interleave is followed by the same elements
    bool bareAttributes = false; ///< an alternative has attributes, but no content
    bool withContent = false;    ///< an alternative has content
    NameSet attributes = NameSets::none;
    NameSet elements = NameSets::none;
};

class Inspector {
public:
    explicit Inspector(const Patterns& patterns) : patterns_(patterns), known_(patterns.size()) {}

    std::optional<std::string> broken;

    const Facts& facts(Pattern p) {
        if (!known_[p])
            known_[p] = look(p);
        return *known_[p];
    }

private:
    using Kind = Patterns::Kind;

    Facts look(Pattern p) {
        Facts result = collected(p);
        if (patterns_.node(p).kind != Kind::choice) {
            // A wildcard may be repeated together with any content, and libxml2 handles that
            // correctly.
            result.bareAttributes =
                result.content == Content::empty &&
                std::ranges::any_of(sets_[result.attributes],
                                    [&](NameClass name) { return !wild(name); });
            result.withContent =
                result.content != Content::empty && result.attributes == NameSets::none;
        }
        return result;
    }

    Facts collected(Pattern p) {
        const Patterns::Node node = patterns_.node(p);
        Facts result;
        switch (node.kind) {
        case Kind::text:
            result.content = Content::complex;
            result.text = true;
            break;
        case Kind::data:
            result.content = Content::data;
            break;
        case Kind::attribute:
            result.attributes = sets_.only(node.a);
            result.openAttribute = wild(node.a);
            break;
        case Kind::element:
            result.content = Content::complex;
            result.elements = sets_.only(node.a);
            break;
        case Kind::oneOrMore:
            result = facts(node.a);
            if (result.groupedAttribute)
                broken = "attributes in a group that repeats";
            if (result.content == Content::data)
                broken = "data that repeats";
            result.openAttribute = false;
            break;
        case Kind::choice:
        case Kind::group:
        case Kind::interleave:
            result = merge(node.kind, facts(node.a), facts(node.b));
            break;
        default:
            break;
        }
        return result;
    }

    bool wild(NameClass id) const {
        const Patterns::NameNode& node = patterns_.nameNode(id);
        using NameKind = Patterns::NameNode::Kind;
        return node.kind == NameKind::any ||
               (node.kind == NameKind::choice && (wild(node.a) || wild(node.b)));
    }

    bool meet(NameSet a, NameSet b) const {
        return std::ranges::any_of(sets_[a], [&](NameClass left) {
            return std::ranges::any_of(
                sets_[b], [&](NameClass right) { return patterns_.overlap(left, right); });
        });
    }

    Facts merge(Kind kind, const Facts& a, const Facts& b) {
        Facts result = a;
        result.content = std::max(a.content, b.content);
        result.text = a.text || b.text;
        result.groupedAttribute = a.groupedAttribute || b.groupedAttribute;
        result.openAttribute = a.openAttribute || b.openAttribute;
        result.interleave = a.interleave || b.interleave || kind == Kind::interleave;
        result.greedy = a.greedy || b.greedy;
        result.ambiguous = a.ambiguous || b.ambiguous;
        result.attributes = sets_.either(a.attributes, b.attributes);
        result.elements = sets_.either(a.elements, b.elements);
        if (kind == Kind::interleave && result.ambiguous)
            result.greedy = true;
        if (kind == Kind::choice) {
            result.ambiguous = result.ambiguous || meet(a.elements, b.elements) ||
                               ((a.interleave || b.interleave) && a.withContent && b.withContent);
            result.bareAttributes = a.bareAttributes || b.bareAttributes;
            result.withContent = a.withContent || b.withContent;
            result.greedy = result.greedy || (result.bareAttributes && result.withContent) ||
                            ((a.interleave || b.interleave) && meet(a.elements, b.elements));
            return result;
        }
        if (result.attributes != NameSets::none)
            result.groupedAttribute = true;
        if (kind == Kind::group && a.interleave &&
            (meet(a.elements, b.elements) || (a.text && b.text)))
            result.greedy = true;
        const bool bothFull = a.content != Content::empty && b.content != Content::empty;
        if (bothFull && (a.content == Content::data || b.content == Content::data))
            broken = "data beside other content";
        if (meet(a.attributes, b.attributes))
            broken = "one attribute twice in a group";
        if (kind == Kind::interleave && (meet(a.elements, b.elements) || (a.text && b.text)))
            broken = "one element in two parts of an interleave";
        return result;
    }

    const Patterns& patterns_;
    NameSets sets_;
    std::vector<std::optional<Facts>> known_; ///< by pattern
};

/// Section 7.1.5: only elements may stand at the start.
bool onlyElements(const Patterns& patterns, Pattern p) {
    const Patterns::Node& node = patterns.node(p);
    if (node.kind == Patterns::Kind::choice)
        return onlyElements(patterns, node.a) && onlyElements(patterns, node.b);
    return node.kind == Patterns::Kind::element;
}

} // namespace

Inspection inspect(const Patterns& patterns, Pattern start, const std::vector<Pattern>& bodies,
                   const std::vector<Pattern>& beyond) {
    Inspection result;
    if (!onlyElements(patterns, start)) {
        result.broken = "a start that is not an element";
        return result;
    }
    Inspector inspector(patterns);
    for (const Pattern pattern : beyond)
        inspector.facts(pattern);
    for (std::size_t i = 0; i < bodies.size(); ++i) {
        const Facts& facts = inspector.facts(bodies[i]);
        if (facts.openAttribute)
            result.broken = "an attribute with any name that does not repeat";
        if (facts.greedy)
            result.greedy.push_back(i);
    }
    if (inspector.broken)
        result.broken = inspector.broken;
    return result;
}

bool anyMatches(const Patterns& patterns, Pattern start, const std::vector<Pattern>& bodies) {
    using Kind = Patterns::Kind;
    // Start with patterns that need no element, and continue with those that need only elements
    // known to be possible.
    std::vector<bool> possible(patterns.size());
    for (bool grown = true; grown;) {
        grown = false;
        for (Pattern p = 0; p < patterns.size(); ++p) {
            const Patterns::Node& node = patterns.node(p);
            bool now = node.kind != Kind::notAllowed;
            if (node.kind == Kind::element)
                now = possible[bodies[node.b]];
            else if (node.kind == Kind::choice)
                now = possible[node.a] || possible[node.b];
            else if (node.kind == Kind::group || node.kind == Kind::interleave)
                now = possible[node.a] && possible[node.b];
            else if (node.kind == Kind::oneOrMore)
                now = possible[node.a];
            grown = grown || now != possible[p];
            possible[p] = now;
        }
    }
    return possible[start];
}

} // namespace hostcompat::relaxng
