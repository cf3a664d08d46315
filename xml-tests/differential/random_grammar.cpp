// SPDX-License-Identifier: LGPL-2.1-or-later
// Generates random rules, writes them as a grammar, and generates documents from them.
#include "xml-tests/differential/random_grammar.hpp"

#include <algorithm>
#include <array>

namespace hostcompat::differential {

namespace {

using Kind = Rule::Kind;

constexpr std::array<const char*, 6> elementNames = {"a", "b", "c", "d", "ab", "e"};
constexpr std::array<const char*, 5> attributeNames = {"p", "q", "r", "pq", "a"};

Rule value(Random& random) {
    static constexpr std::array<const char*, 6> texts = {"x", "yes", "no", "a b", "1", "xx"};
    return {.kind = Kind::value, .value = texts[below(random, texts.size())]};
}

Rule data(Random& random) {
    struct Choice {
        const char* text;
        std::vector<std::string> samples;
    };
    const std::vector<Choice> choices = {
        {"<data type=\"string\"/>", {"", "x", "a  b"}},
        {"<data type=\"token\"/>", {"", "x", "a b", " x "}},
        {"<data type=\"int\"><param name=\"minInclusive\">-5</param></data>", {"-5", "0", "77"}},
        {"<data type=\"unsignedInt\"><param name=\"pattern\">[0-9]+</param></data>", {"0", "42"}},
        {"<data type=\"string\"><param name=\"pattern\">(ab?c|[x-z]{2,3})+</param></data>",
         {"abc", "ac", "xyz"}},
        {"<data type=\"string\"><param name=\"maxLength\">3</param></data>", {"", "abc"}},
        {"<data type=\"NCName\"/>", {"x", "a-b"}},
        {"<data type=\"boolean\"/>", {"true", "0"}},
        {"<data type=\"decimal\"/>", {"1.5", "3"}},
        {"<data type=\"short\"><param name=\"maxExclusive\">10</param></data>", {"9", "-32768"}},
        {"<data type=\"string\"><except><choice><value>x</value><value>a "
         "b</value></choice></except></data>",
         {"y", "zz"}},
    };
    const Choice& choice = choices[below(random, choices.size())];
    return {.kind = Kind::data, .value = choice.text, .samples = choice.samples};
}

Rule plainContent(Random& random) {
    switch (below(random, 6)) {
    case 0:
        return {.kind = Kind::text};
    case 1:
    case 2:
        return data(random);
    case 3: {
        Rule list{.kind = Kind::list};
        list.parts.push_back({.kind = Kind::oneOrMore,
                              .parts = {below(random, 2) == 0 ? value(random) : data(random)}});
        if (below(random, 2) == 0)
            list.parts.push_back(value(random));
        return list;
    }
    case 4:
        return {.kind = Kind::choice, .parts = {value(random), data(random)}};
    default:
        return {.kind = Kind::choice, .parts = {value(random), value(random)}};
    }
}

Rule attribute(Random& random) {
    Rule result{.kind = Kind::attribute,
                .name = attributeNames[below(random, attributeNames.size())]};
    result.parts.push_back(plainContent(random));
    return result;
}

Rule rule(Random& random, unsigned depth) {
    if (depth == 0 || below(random, 3) == 0) {
        switch (below(random, 8)) {
        case 0:
        case 1:
            return attribute(random);
        case 2:
            switch (below(random, 5)) {
            case 0:
                return {.kind = Kind::optional, .parts = {{.kind = Kind::notAllowed}}};
            case 1:
            case 2:
                return {.kind = Kind::text};
            default:
                return {.kind = Kind::empty};
            }
        default:
            return {.kind = Kind::ref, .name = elementNames[below(random, elementNames.size())]};
        }
    }
    static constexpr std::array<Kind, 12> kinds = {
        Kind::group,      Kind::group,     Kind::interleave, Kind::interleave,
        Kind::choice,     Kind::choice,    Kind::optional,   Kind::optional,
        Kind::zeroOrMore, Kind::oneOrMore, Kind::mixed,      Kind::anyElement};
    Rule result{.kind = kinds[below(random, kinds.size())]};
    if (result.kind == Kind::anyElement)
        return below(random, 4) == 0 ? result : Rule{.kind = Kind::empty};
    const bool many = result.kind == Kind::group || result.kind == Kind::interleave ||
                      result.kind == Kind::choice;
    for (std::size_t parts = many ? 1 + (below(random, 8) == 0 ? 0 : 1 + below(random, 3)) : 1;
         parts > 0; --parts)
        result.parts.push_back(rule(random, depth - 1));
    return result;
}

void write(const Rule& rule, std::string& out) {
    const auto parts = [&](const char* name) {
        out += std::string("<") + name + ">";
        for (const Rule& part : rule.parts)
            write(part, out);
        out += std::string("</") + name + ">";
    };
    switch (rule.kind) {
    case Kind::empty:
        out += "<empty/>";
        break;
    case Kind::notAllowed:
        out += "<notAllowed/>";
        break;
    case Kind::text:
        out += "<text/>";
        break;
    case Kind::value:
        out += "<value>" + rule.value + "</value>";
        break;
    case Kind::data:
        out += rule.value;
        break;
    case Kind::ref:
        out += "<ref name=\"" + rule.name + "\"/>";
        break;
    case Kind::anyElement:
        out += "<ref name=\"anything\"/>";
        break;
    case Kind::attribute:
    case Kind::element:
        out += std::string(rule.kind == Kind::attribute ? "<attribute" : "<element") + " name=\"" +
               rule.name + "\">";
        for (const Rule& part : rule.parts)
            write(part, out);
        out += rule.kind == Kind::attribute ? "</attribute>" : "</element>";
        break;
    case Kind::group:
        return parts("group");
    case Kind::interleave:
        return parts("interleave");
    case Kind::choice:
        return parts("choice");
    case Kind::optional:
        return parts("optional");
    case Kind::zeroOrMore:
        return parts("zeroOrMore");
    case Kind::oneOrMore:
        return parts("oneOrMore");
    case Kind::mixed:
        return parts("mixed");
    case Kind::list:
        return parts("list");
    }
}

/// The result of a rule in a document: attributes, and children in order.
struct Made {
    std::string attributes;
    std::vector<std::string> children;
};

struct Maker {
    const std::vector<Rule>& elements;
    Random& random;

    std::string token(const Rule& rule) {
        switch (rule.kind) {
        case Kind::value:
            return rule.value;
        case Kind::data:
            return rule.samples[below(random, rule.samples.size())];
        case Kind::text:
            return "some text";
        case Kind::choice:
            return token(rule.parts[below(random, rule.parts.size())]);
        case Kind::oneOrMore: {
            std::string result = token(rule.parts.front());
            while (below(random, 2) == 0)
                result += " " + token(rule.parts.front());
            return result;
        }
        case Kind::list: {
            std::string result;
            for (const Rule& part : rule.parts)
                result += (result.empty() ? "" : " ") + token(part);
            return result;
        }
        default:
            return "";
        }
    }

    void join(Made& to, Made from) {
        to.attributes += from.attributes;
        std::ranges::move(from.children, std::back_inserter(to.children));
    }

    Made make(const Rule& rule, unsigned depth) {
        Made result;
        const auto repeat = [&](std::size_t times) {
            for (; times > 0; --times)
                join(result, make(rule.parts.front(), depth));
        };
        switch (rule.kind) {
        case Kind::text:
            if (below(random, 2) == 0)
                result.children.push_back(" text ");
            break;
        case Kind::value:
        case Kind::data:
        case Kind::list:
            result.children.push_back(token(rule));
            break;
        case Kind::attribute:
            result.attributes = " " + rule.name + "=\"" + token(rule.parts.front()) + "\"";
            break;
        case Kind::element: {
            for (const Rule& part : rule.parts)
                join(result, make(part, depth));
            std::string text = "<" + rule.name + result.attributes + ">";
            for (const std::string& child : result.children)
                text += child;
            return {.attributes = "", .children = {text + "</" + rule.name + ">"}};
        }
        case Kind::ref:
            if (depth > 0)
                for (const Rule& element : elements)
                    if (element.name == rule.name)
                        return make(element, depth - 1);
            break;
        case Kind::anyElement:
            result.children.push_back("<any x='1'>t<b/></any>");
            break;
        case Kind::group:
            for (const Rule& part : rule.parts)
                join(result, make(part, depth));
            break;
        case Kind::mixed:
        case Kind::interleave: {
            std::vector<Made> lanes;
            lanes.reserve(rule.parts.size() + 1);
            for (const Rule& part : rule.parts)
                lanes.push_back(make(part, depth));
            if (rule.kind == Kind::mixed)
                lanes.push_back({.attributes = "", .children = {"mixed ", "text"}});
            for (Made& lane : lanes)
                result.attributes += lane.attributes;
            std::vector<std::size_t> taken(lanes.size(), 0);
            while (!lanes.empty()) {
                const std::size_t lane = below(random, lanes.size());
                if (taken[lane] < lanes[lane].children.size()) {
                    result.children.push_back(lanes[lane].children[taken[lane]++]);
                } else {
                    lanes.erase(lanes.begin() + static_cast<std::ptrdiff_t>(lane));
                    taken.erase(taken.begin() + static_cast<std::ptrdiff_t>(lane));
                }
            }
            break;
        }
        case Kind::choice:
            return make(rule.parts[below(random, rule.parts.size())], depth);
        case Kind::optional:
            repeat(below(random, 2));
            break;
        case Kind::zeroOrMore:
            repeat(below(random, 3));
            break;
        case Kind::oneOrMore:
            repeat(1 + below(random, 2));
            break;
        default:
            break;
        }
        return result;
    }
};

} // namespace

RandomGrammar::RandomGrammar(Random& random) {
    for (const char* name : elementNames) {
        Rule element{.kind = Kind::element, .name = name};
        if (below(random, 3) == 0) {
            if (below(random, 2) == 0)
                element.parts.push_back(attribute(random));
            element.parts.push_back(plainContent(random));
        } else {
            element.parts.push_back(rule(random, 3));
        }
        elements_.push_back(std::move(element));
    }
}

std::string RandomGrammar::text() const {
    std::string out = "<grammar xmlns=\"http://relaxng.org/ns/structure/1.0\" "
                      "datatypeLibrary=\"http://www.w3.org/2001/XMLSchema-datatypes\">\n"
                      "<start><ref name=\"a\"/></start>\n";
    for (const Rule& element : elements_) {
        out += "<define name=\"" + element.name + "\">";
        write(element, out);
        out += "</define>\n";
    }
    return out +
           "<define "
           "name=\"anything\"><element><anyName><except><name>a</name><name>b</name><name>c</name>"
           "<name>d</name><name>ab</name><name>e</name></except></"
           "anyName><zeroOrMore><choice><attribute>"
           "<anyName/></attribute><text/><ref "
           "name=\"any\"/></choice></zeroOrMore></element></define>\n"
           "<define name=\"any\"><element><anyName/><zeroOrMore><choice><attribute>"
           "<anyName/></attribute><text/><ref "
           "name=\"any\"/></choice></zeroOrMore></element></define>\n"
           "</grammar>\n";
}

std::string RandomGrammar::document(Random& random) const {
    Maker maker{elements_, random};
    const Made made = maker.make(elements_.front(), 5);
    return made.children.empty() ? std::string() : made.children.front();
}

} // namespace hostcompat::differential
