// SPDX-License-Identifier: LGPL-2.1-or-later
// From files to patterns: includes, definitions, name classes, values.
#include "driver/validate/fast/grammar.hpp"

#include "driver/validate/fast/datatype.hpp"
#include "driver/validate/fast/restrictions.hpp"
#include "driver/validate/fast/rng_document.hpp"

#include <algorithm>
#include <optional>
#include <unordered_map>
#include <utility>

namespace hostcompat::fast {

namespace {

constexpr std::string_view xsdLibrary = "http://www.w3.org/2001/XMLSchema-datatypes";

/// Thrown within this file only; its text is compileAcceptor()'s error.
struct Unknown {
    std::string why;
};

/// A node, by its file.
struct Place {
    const RngDocument* document = nullptr;
    std::uint32_t number = RngNode::none;

    const RngNode& operator*() const {
        return document->nodes[number];
    }
    const RngNode* operator->() const {
        return &document->nodes[number];
    }
};

std::vector<Place> children(Place place) {
    std::vector<Place> result;
    for (std::uint32_t child = place->firstChild; child != RngNode::none;
         child = place.document->nodes[child].nextSibling)
        result.push_back({place.document, child});
    return result;
}

/// All that defines one name.
struct Definition {
    std::vector<Place> places;
    std::optional<std::string_view> combine;
    bool plain = false; ///< one definition had no combine
    Pattern pattern = 0;
    std::optional<Expression> value; ///< as an attribute's value, once asked for
    enum class State { fresh, busy, done } state = State::fresh;
};

using Definitions = std::unordered_map<std::string_view, Definition>;

class Compiler {
public:
    explicit Compiler(const RngLoader& load) : load_(load) {}

    AcceptorGrammar compile(RngText text) {
        const Place root = open(std::move(text));
        Definitions definitions;
        if (root->kind == RngKind::grammar) {
            collect(children(root), definitions);
        } else {
            throw Unknown{"a root that is not grammar"};
        }
        definitions_ = std::move(definitions);
        const auto start = definitions_.find(startName);
        if (start == definitions_.end())
            throw Unknown{"a grammar without start"};
        grammar_.start = definition(start->second);
        compileBodies();
        const std::size_t used = grammar_.bodies.size();
        const std::size_t notes = grammar_.notes.size();
        // libxml2 reads definitions that nothing uses as well, and refuses grammars over them.
        for (auto& [name, unused] : definitions_)
            if (unused.state == Definition::State::fresh)
                definition(unused);
        compileBodies();
        grammar_.notes.resize(notes);
        Inspection found = inspect(grammar_.patterns, grammar_.start, grammar_.bodies, beyond_);
        if (found.broken)
            throw Unknown{*found.broken};
        for (const std::size_t body : found.greedy) {
            if (body >= used)
                continue;
            note("an interleave before more of the same, or an attribute in place of content");
            grammar_.bodies[body] = Patterns::notAllowed;
        }
        return std::move(grammar_);
    }

    std::string where() const {
        return where_;
    }

private:
    static constexpr std::string_view startName = ""; // no definition can have an empty name
    static constexpr std::size_t mostFiles = 64;

    Place open(RngText text) {
        if (documents_.size() == mostFiles)
            throw Unknown{"more than 64 files"};
        where_ = text.name;
        names_.push_back(std::make_unique<std::string>(text.name));
        auto document = readRng(std::move(text.text));
        if (!document)
            throw Unknown{document.error()};
        documents_.push_back(std::move(*document));
        fileOf_[documents_.back().get()] = names_.back().get();
        return {documents_.back().get(), 0};
    }

    /// Elements are compiled as they are found, so that their recursion needs no stack.
    void compileBodies() {
        for (std::size_t i = grammar_.bodies.size(); i < elements_.size(); ++i) {
            const Place element = elements_[i];
            grammar_.bodies.push_back(
                element.document == nullptr
                    ? Patterns::empty
                    : sequence(content(element), Patterns::Kind::group, true));
        }
    }

    void collect(const std::vector<Place>& places, Definitions& definitions) {
        for (const Place place : places) {
            switch (place->kind) {
            case RngKind::div:
                collect(children(place), definitions);
                break;
            case RngKind::start:
            case RngKind::define: {
                if (place->kind == RngKind::define && !place->name)
                    throw Unknown{"a define without name"};
                if (place->firstChild == RngNode::none)
                    throw Unknown{"an empty definition"};
                add(definitions[place->kind == RngKind::start ? startName : *place->name], place);
                break;
            }
            case RngKind::include:
                include(place, definitions);
                break;
            default:
                throw Unknown{"an element in grammar that is no definition"};
            }
        }
    }

    static void add(Definition& definition, Place place) {
        if (!place->combine) {
            if (definition.plain)
                throw Unknown{"two definitions of one name without combine"};
            definition.plain = true;
        } else {
            if (*place->combine != "choice" && *place->combine != "interleave")
                throw Unknown{"the combine " + std::string(*place->combine)};
            if (definition.combine && *definition.combine != *place->combine)
                throw Unknown{"two ways to combine one name"};
            definition.combine = place->combine;
        }
        definition.places.push_back(place);
    }

    void include(Place place, Definitions& definitions) {
        if (!place->href)
            throw Unknown{"an include without href"};
        if (++depth_ > 16)
            throw Unknown{"includes nested deeper than 16"};
        auto text = load_(*place->href, *fileOf_.at(place.document));
        if (!text)
            throw Unknown{text.error()};
        const Place root = open(std::move(*text));
        if (root->kind != RngKind::grammar)
            throw Unknown{"an included file that is no grammar"};
        Definitions included;
        collect(children(root), included);
        Definitions overriding;
        for (const Place child : children(place))
            if (child->kind == RngKind::include)
                throw Unknown{"an include in an include"};
        collect(children(place), overriding);
        for (const auto& [name, definition] : overriding)
            if (included.erase(name) == 0)
                throw Unknown{"an override of what is not there"};
        for (const Definitions* group : {&included, &overriding})
            for (const auto& [name, definition] : *group)
                for (const Place each : definition.places)
                    add(definitions[name], each);
        --depth_;
    }

    Pattern definition(Definition& wanted) {
        using State = Definition::State;
        if (wanted.state == State::busy)
            throw Unknown{"a definition that contains itself"};
        if (wanted.state == State::fresh) {
            wanted.state = State::busy;
            Pattern result = Patterns::notAllowed;
            for (std::size_t i = 0; i < wanted.places.size(); ++i) {
                const Pattern one = sequence(children(wanted.places[i]), Patterns::Kind::group);
                if (i == 0)
                    result = one;
                else if (wanted.combine == "interleave" &&
                         (interleaves(one) || interleaves(result)))
                    throw Unknown{"an interleave in an interleave"};
                else if (wanted.combine == "interleave")
                    result = grammar_.patterns.interleave(result, one);
                else
                    result = grammar_.patterns.choice(result, one);
            }
            wanted.pattern = result;
            wanted.state = State::done;
        }
        return wanted.pattern;
    }

    /// The children that are content: without the name class of an element or attribute.
    std::vector<Place> content(Place place) {
        std::vector<Place> result = children(place);
        if (!place->name && !result.empty())
            result.erase(result.begin());
        return result;
    }

    /// `inElement`: the places are an element's content, not a group's.
    Pattern sequence(const std::vector<Place>& places, Patterns::Kind how, bool inElement = false) {
        if (places.empty())
            throw Unknown{"an element without content"};
        Patterns& p = grammar_.patterns;
        if (how == Patterns::Kind::choice) {
            if (losesPart(places, how, inElement))
                throw Unknown{"a ref before what libxml2 simplifies"};
            // Values are one expression: what follows is the same whichever of them it was.
            Expression values = Expressions::nothing;
            Pattern result = Patterns::notAllowed;
            for (const Place place : places) {
                const Pattern one = pattern(place);
                // libxml2 2.9 forgets an alternative that only becomes empty.
                if (one == Patterns::empty && place->kind != RngKind::empty &&
                    place->kind != RngKind::ref)
                    throw Unknown{"an alternative that is empty in disguise"};
                if (p.node(one).kind == Patterns::Kind::data)
                    values = grammar_.expressions.either(values, p.node(one).a);
                else
                    result = p.choice(result, one);
            }
            return p.choice(result, p.data(values));
        }
        // From the right, as the lists are built.
        Pattern result = Patterns::empty;
        if (losesPart(places, how, inElement)) {
            note("a ref before what libxml2 simplifies");
            result = impossible();
        }
        for (std::size_t i = places.size(); i-- > 0;) {
            const Pattern one = pattern(places[i]);
            if (one == Patterns::empty && places[i]->kind != RngKind::empty && places.size() > 1)
                throw Unknown{"a part that is empty in disguise"};
            // libxml2 2.9 loses its place where both have their turns.
            if (how == Patterns::Kind::interleave && interleaves(one)) {
                note("an interleave in an interleave");
                result = p.interleave(impossible(), result);
            }
            result =
                how == Patterns::Kind::group ? p.group(one, result) : p.interleave(one, result);
        }
        return result;
    }

    /// libxml2 2.9 loses a ref when it takes out or replaces the part behind it: an empty one in a
    /// group or interleave, one that is not allowed in a choice, a group or interleave of one part
    /// anywhere (xmlRelaxNGSimplify() does not remember a ref as the previous part).
    static bool losesPart(const std::vector<Place>& places, Patterns::Kind how, bool inElement) {
        for (std::size_t i = 0; i < places.size(); ++i) {
            const RngKind kind = places[i]->kind;
            bool touched = false;
            if (kind == RngKind::empty)
                touched = how != Patterns::Kind::choice && !inElement;
            else if (kind == RngKind::notAllowed)
                touched = how == Patterns::Kind::choice;
            else if (kind == RngKind::group || kind == RngKind::interleave)
                touched = std::ranges::count_if(children(places[i]), [](Place part) {
                              return part->kind != RngKind::empty;
                          }) < 2;
            // What follows such an interleave is later taken for a part of it.
            if (touched && kind == RngKind::interleave && i + 1 < places.size())
                throw Unknown{"an interleave of one part before others"};
            if (touched && i > 0 && places[i - 1]->kind == RngKind::ref)
                return true;
        }
        return false;
    }

    Pattern pattern(Place place) {
        where_ = *fileOf_.at(place.document);
        Patterns& p = grammar_.patterns;
        const RngNode& node = *place;
        const auto inner = [&](Patterns::Kind how) { return sequence(children(place), how); };
        switch (node.kind) {
        case RngKind::element: {
            const NameClass name = nameOf(place, node.ns);
            const auto number = static_cast<std::uint32_t>(elements_.size());
            elements_.push_back(place);
            return p.element(name, number);
        }
        case RngKind::attribute: {
            const NameClass name = nameOf(place, node.hasNs ? node.ns : std::string_view{});
            const std::vector<Place> body = content(place);
            if (body.size() > 1)
                throw Unknown{"an attribute with several patterns"};
            const Expression value =
                body.empty() ? Expressions::anything : expression(body.front(), false);
            return p.attribute(name, value);
        }
        case RngKind::group:
            return inner(Patterns::Kind::group);
        case RngKind::interleave:
            return inner(Patterns::Kind::interleave);
        case RngKind::choice:
            return inner(Patterns::Kind::choice);
        case RngKind::optional:
            return p.choice(inner(Patterns::Kind::group), Patterns::empty);
        case RngKind::zeroOrMore:
            return p.choice(repeated(inner(Patterns::Kind::group)), Patterns::empty);
        case RngKind::oneOrMore:
            return repeated(inner(Patterns::Kind::group));
        case RngKind::mixed: {
            const Pattern result = inner(Patterns::Kind::group);
            if (result == Patterns::empty)
                throw Unknown{"a mixed without content"};
            if (interleaves(result)) {
                note("an interleave in an interleave");
                return p.interleave(p.interleave(result, impossible()), Patterns::text);
            }
            return p.interleave(result, Patterns::text);
        }
        case RngKind::ref: {
            childless(place);
            return definition(referred(node));
        }
        case RngKind::empty:
            childless(place);
            return Patterns::empty;
        case RngKind::notAllowed:
            childless(place);
            return impossible();
        case RngKind::text:
            childless(place);
            return Patterns::text;
        case RngKind::value:
        case RngKind::data:
        case RngKind::list:
            return p.data(expression(place, false));
        default:
            throw Unknown{"a construct among patterns that is none of the simple ones"};
        }
    }

    /// oneOrMore, as far as libxml2 follows it: it is greedy, and does not find where one round of
    /// an interleave ends and the next begins. One round is always found.
    Pattern repeated(Pattern what) {
        if (interleaves(what)) {
            note("an interleave that repeats");
            beyond_.push_back(grammar_.patterns.oneOrMore(what));
            return what;
        }
        return grammar_.patterns.oneOrMore(what);
    }

    bool interleaves(Pattern pattern) const {
        using Kind = Patterns::Kind;
        const Patterns::Node& node = grammar_.patterns.node(pattern);
        switch (node.kind) {
        case Kind::interleave:
            return true;
        case Kind::choice:
        case Kind::group:
            return interleaves(node.a) || interleaves(node.b);
        case Kind::oneOrMore:
            return interleaves(node.a);
        default:
            return false;
        }
    }

    /// An element that no document has. It stands for what is in no document, and where libxml2 2.9
    /// refuses valid documents; restrictions are inspected as with other elements.
    Pattern impossible() {
        const auto number = static_cast<std::uint32_t>(elements_.size());
        elements_.push_back({});
        return grammar_.patterns.element(named("{}" + std::to_string(number)), number);
    }

    static void childless(Place place) {
        if (place->firstChild != RngNode::none)
            throw Unknown{"children where none may be"};
    }

    Definition& referred(const RngNode& node) {
        const auto found = node.name ? definitions_.find(*node.name) : definitions_.end();
        if (found == definitions_.end())
            throw Unknown{"a ref to what is not defined"};
        return found->second;
    }

    /// The name class of an element or attribute, from its attribute name or its first child.
    NameClass nameOf(Place place, std::string_view ns) {
        if (place->name)
            return single(*place->name, ns);
        if (place->firstChild == RngNode::none)
            throw Unknown{"an element or attribute without name"};
        return nameClass({place.document, place->firstChild}, false);
    }

    NameClass single(std::string_view name, std::string_view ns) {
        static constexpr std::string_view rest = "-.0123456789";
        const auto letter = [](char byte) {
            return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_';
        };
        if (name.empty() || !letter(name.front()) || name == "xmlns" ||
            !std::ranges::all_of(name, [&](char byte) {
                return letter(byte) || rest.find(byte) != std::string_view::npos;
            }))
            throw Unknown{"the name " + std::string(name)};
        return named(ns.empty() ? std::string(name)
                                : "{" + std::string(ns) + "}" + std::string(name));
    }

    /// A name class of one name; one with its namespace in braces is in no document of the
    /// scanner's subset.
    NameClass named(const std::string& name) {
        return grammar_.patterns.nameClass(Patterns::NameNode::Kind::name,
                                           grammar_.symbols.intern(name));
    }

    NameClass nameClass(Place place, bool inExcept) {
        using Kind = Patterns::NameNode::Kind;
        Patterns& p = grammar_.patterns;
        const std::vector<Place> inner = children(place);
        switch (place->kind) {
        case RngKind::name:
            return single(normalizedSpace(place->text), place->ns);
        case RngKind::choice: {
            if (inner.empty())
                throw Unknown{"an empty choice of names"};
            NameClass result = nameClass(inner.back(), inExcept);
            for (std::size_t i = inner.size() - 1; i-- > 0;)
                result = p.nameClass(Kind::choice, nameClass(inner[i], inExcept), result);
            return result;
        }
        case RngKind::anyName:
        case RngKind::nsName: {
            if (inExcept)
                throw Unknown{"a wildcard in an except"};
            NameClass excepted = Patterns::noName;
            if (inner.size() > 1 || (!inner.empty() && inner.front()->kind != RngKind::except))
                throw Unknown{"a wildcard with other children than except"};
            if (!inner.empty()) {
                const std::vector<Place> names = children(inner.front());
                if (names.empty())
                    throw Unknown{"an empty except"};
                for (const Place each : names)
                    excepted = p.nameClass(Kind::choice, nameClass(each, true), excepted);
            }
            if (place->kind == RngKind::nsName && !place->ns.empty())
                return named("{" + std::string(place->ns) + "}*");
            return p.nameClass(Kind::any, excepted);
        }
        default:
            throw Unknown{"an element or attribute without name class"};
        }
    }

    /// What a value may be: of an attribute, or an element's whole text.
    Expression expression(Place place, bool inList) {
        Expressions& e = grammar_.expressions;
        const RngNode& node = *place;
        switch (node.kind) {
        case RngKind::value:
            return value(node);
        case RngKind::data:
            return data(place);
        case RngKind::text:
            if (inList)
                throw Unknown{"text in a list"};
            childless(place);
            return Expressions::anything;
        case RngKind::empty:
            childless(place);
            return Expressions::emptyString;
        case RngKind::notAllowed:
            childless(place);
            return e.never();
        case RngKind::choice:
        case RngKind::optional: {
            const std::vector<Place> inner = children(place);
            if (inner.empty() || (inner.size() > 1 && node.kind == RngKind::optional))
                throw Unknown{"a choice of values without values"};
            Expression result =
                node.kind == RngKind::optional ? Expressions::emptyString : Expressions::nothing;
            for (const Place each : inner)
                result = e.either(result, expression(each, inList));
            return result;
        }
        case RngKind::ref: {
            Definition& wanted = referred(node);
            if (wanted.value)
                return *wanted.value;
            if (wanted.places.size() != 1 || children(wanted.places.front()).size() != 1) {
                if (!wanted.combine || wanted.combine == "interleave")
                    throw Unknown{"a value made of several patterns"};
            }
            if (std::ranges::find(busyValues_, &wanted) != busyValues_.end())
                throw Unknown{"a definition that contains itself"};
            busyValues_.push_back(&wanted);
            Expression result = Expressions::nothing;
            for (const Place each : wanted.places) {
                const std::vector<Place> inner = children(each);
                if (inner.size() != 1)
                    throw Unknown{"a value made of several patterns"};
                result = e.either(result, expression(inner.front(), inList));
            }
            busyValues_.pop_back();
            wanted.value = result;
            return result;
        }
        case RngKind::list: {
            if (inList)
                throw Unknown{"a list in a list"};
            Expression items = Expressions::emptyString;
            const std::vector<Place> inner = children(place);
            for (const Place each : inner) {
                items = e.sequence(items, tokens(each));
                // libxml2 is greedy: what repeats takes all tokens that it can and never gives
                // back.
                if (each->kind != RngKind::value && each->kind != RngKind::data &&
                    inner.size() > 1) {
                    note("lists of several parts");
                    items = e.never();
                }
            }
            // Each token is written with one space before it; the first one's space is not there.
            const Expression result = e.derive(items, ' ');
            return result == Expressions::nothing ? e.never() : result;
        }
        default:
            throw Unknown{"a construct in a value that is none of the simple ones"};
        }
    }

    /// A part of a list, each token with a space before it.
    Expression tokens(Place place) {
        Expressions& e = grammar_.expressions;
        const auto one = [&] {
            const std::vector<Place> inner = children(place);
            if (inner.size() != 1 || inner.front()->kind == RngKind::oneOrMore ||
                inner.front()->kind == RngKind::zeroOrMore)
                throw Unknown{"a repetition of several parts in a list"};
            return tokens(inner.front());
        };
        switch (place->kind) {
        case RngKind::oneOrMore:
        case RngKind::zeroOrMore:
            return e.repeat(one(), 1, Expressions::unbounded);
        case RngKind::choice: {
            Expression result = Expressions::nothing;
            for (const Place each : children(place)) {
                if (each->kind != RngKind::value && each->kind != RngKind::data)
                    throw Unknown{"a choice of parts in a list"};
                result = e.either(result, tokens(each));
            }
            return result;
        }
        case RngKind::value:
        case RngKind::data: {
            ByteSet visible;
            visible.add(0x21, 0x7e);
            const Expression token = e.both(expression(place, true),
                                            e.repeat(e.set(visible), 1, Expressions::unbounded));
            return e.sequence(e.literal(" "), token);
        }
        default:
            throw Unknown{"a construct in a list that is none of the simple ones"};
        }
    }

    Expression value(const RngNode& node) {
        Expressions& e = grammar_.expressions;
        const bool xsd = node.type && node.datatypeLibrary == xsdLibrary;
        if (node.type && !xsd && !node.datatypeLibrary.empty())
            throw Unknown{"the datatype library " + std::string(node.datatypeLibrary)};
        const std::string_view type = node.type.value_or("token");
        if (!datatype(e, xsd, type, {}).exists)
            throw Unknown{"the type " + std::string(type)};
        if (type == "token" && !normalizedSpace(node.text).empty())
            return e.literal(normalizedSpace(node.text));
        if (type == "string" && !node.text.empty())
            return e.literal(node.text);
        note("values of type " + std::string(type));
        return e.never();
    }

    Expression data(Place place) {
        Expressions& e = grammar_.expressions;
        const RngNode& node = *place;
        const bool xsd = node.datatypeLibrary == xsdLibrary;
        if (!node.type || (!xsd && !node.datatypeLibrary.empty()))
            throw Unknown{"the datatype library " + std::string(node.datatypeLibrary)};
        std::vector<Facet> facets;
        bool excepted = false;
        for (const Place child : children(place)) {
            if (child->kind == RngKind::param && child->name && !excepted) {
                childless(child);
                facets.push_back({*child->name, child->text});
            } else if (child->kind == RngKind::except) {
                excepted = true;
                for (const Place each : children(child))
                    exception(each);
            } else {
                throw Unknown{"a child of data that is neither param nor except"};
            }
        }
        Datatype result = datatype(e, xsd, *node.type, facets);
        if (!result.exists)
            throw Unknown{"the type " + std::string(*node.type) + " or its parameters"};
        for (const Facet& facet : facets)
            if (facet.value.empty())
                result = {.expression = e.never(), .exists = true, .note = "an empty parameter"};
        if (!result.note.empty())
            note(result.note);
        if (excepted) {
            note("data with an except");
            return e.never();
        }
        // libxml2 refuses the empty string where a datatype allows it.
        return e.both(result.expression, e.repeat(e.set(documentBytes), 1, Expressions::unbounded));
    }

    /// An except's content is read for its form alone: libxml2 decides what it takes away.
    static void exception(Place place) {
        if (place->kind == RngKind::choice)
            for (const Place each : children(place))
                exception(each);
        else if (place->kind != RngKind::value ||
                 (place->type && *place->type != "token" && *place->type != "string"))
            throw Unknown{"an except that is not a value"};
    }

    void note(std::string text) {
        if (std::ranges::find(grammar_.notes, text) == grammar_.notes.end())
            grammar_.notes.push_back(std::move(text));
    }

    const RngLoader& load_;
    AcceptorGrammar grammar_;
    std::vector<std::unique_ptr<RngDocument>> documents_;
    std::vector<std::unique_ptr<std::string>> names_;
    std::unordered_map<const RngDocument*, const std::string*> fileOf_;
    Definitions definitions_;
    std::vector<Place> elements_;
    std::vector<Pattern> beyond_; ///< not in use, and to be inspected for restrictions
    std::vector<const Definition*> busyValues_;
    std::string where_;
    unsigned depth_ = 0;
};

} // namespace

std::expected<std::shared_ptr<const AcceptorGrammar>, std::string>
compileAcceptor(RngText grammar, const RngLoader& load) {
    Compiler compiler(load);
    try {
        return std::make_shared<const AcceptorGrammar>(compiler.compile(std::move(grammar)));
    } catch (const Unknown& unknown) {
        return std::unexpected(compiler.where() + ": " + unknown.why);
    }
}

} // namespace hostcompat::fast
