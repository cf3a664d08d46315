// SPDX-License-Identifier: LGPL-2.1-or-later
// Compiles definitions to patterns, as far as libxml2 interprets them in the same way.
#include "driver/relaxng/grammar.hpp"

#include "driver/relaxng/definitions.hpp"
#include "driver/relaxng/name_class.hpp"
#include "driver/relaxng/restrictions.hpp"
#include "driver/relaxng/value.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace hostcompat::relaxng {

void AcceptorGrammar::note(std::string text) {
    if (std::ranges::find(notes, text) == notes.end())
        notes.push_back(std::move(text));
}

namespace {

class Compiler {
public:
    AcceptorGrammar compile(RngText text, const RngLoader& load) {
        definitions_.read(std::move(text), load);
        grammar_.start = definition(definitions_.start());
        compileBodies();
        const std::size_t used = grammar_.bodies.size();
        const std::size_t notes = grammar_.notes.size();
        // libxml2 also reads unused definitions, and refuses a grammar because of them.
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
            grammar_.note(
                "an interleave before more of the same, or an attribute in place of content");
            grammar_.bodies[body] = Patterns::notAllowed;
        }
        if (!grammar_.notes.empty() &&
            !anyMatches(grammar_.patterns, grammar_.start, grammar_.bodies)) {
            std::string why = "every document needs a construct that is left to libxml2 (";
            for (const std::string& each : grammar_.notes)
                why += each + (&each == &grammar_.notes.back() ? ")" : ", ");
            throw Unknown{why};
        }
        return std::move(grammar_);
    }

    const std::string& where() const {
        return definitions_.where();
    }

private:
    /// Compiles elements in the order in which they are found, so that recursion of elements does
    /// not use the stack.
    void compileBodies() {
        for (std::size_t i = grammar_.bodies.size(); i < elements_.size(); ++i) {
            const Place element = elements_[i];
            grammar_.bodies.push_back(
                element.document == nullptr
                    ? Patterns::notAllowed
                    : sequence(content(element), Patterns::Kind::group, true));
        }
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

    /// `inElement`: the places are the content of an element, not of a group.
    Pattern sequence(const std::vector<Place>& places, Patterns::Kind how, bool inElement = false) {
        if (places.empty())
            throw Unknown{"an element without content"};
        Patterns& p = grammar_.patterns;
        if (how == Patterns::Kind::choice) {
            if (losesPart(places, how, inElement))
                throw Unknown{"a ref before a pattern that libxml2 simplifies"};
            // All values are combined in one expression: what follows is the same for each of them.
            Expression values = Expressions::nothing;
            Pattern result = Patterns::notAllowed;
            for (const Place place : places) {
                const Pattern one = pattern(place);
                // libxml2 2.9 drops an alternative that becomes empty only by simplification.
                if (one == Patterns::empty && place->kind != RngKind::empty &&
                    place->kind != RngKind::ref)
                    throw Unknown{"an alternative whose content simplifies to empty"};
                if (p.node(one).kind == Patterns::Kind::data)
                    values = grammar_.expressions.either(values, p.node(one).a);
                else
                    result = p.choice(result, one);
            }
            return p.choice(result, p.data(values));
        }
        // Start from the right, because the lists are nested to the right.
        Pattern result = Patterns::empty;
        if (losesPart(places, how, inElement)) {
            grammar_.note("a ref before a pattern that libxml2 simplifies");
            result = impossible();
        }
        for (std::size_t i = places.size(); i-- > 0;) {
            const Pattern one = pattern(places[i]);
            if (one == Patterns::empty && places[i]->kind != RngKind::empty && places.size() > 1)
                throw Unknown{"a part whose content simplifies to empty"};
            // libxml2 2.9 handles this incorrectly if both interleaves have parts left.
            if (how == Patterns::Kind::interleave && interleaves(one)) {
                grammar_.note("an interleave in an interleave");
                result = p.interleave(impossible(), result);
            }
            result =
                how == Patterns::Kind::group ? p.group(one, result) : p.interleave(one, result);
        }
        return result;
    }

    /// libxml2 2.9 loses a ref if it removes or replaces the part after it: an empty part in a
    /// group or interleave, notAllowed in a choice, or a group or interleave with one part anywhere
    /// (xmlRelaxNGSimplify() does not remember a ref as the previous part).
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
            // libxml2 then treats what follows such an interleave as a part of it.
            if (touched && kind == RngKind::interleave && i + 1 < places.size())
                throw Unknown{"an interleave of one part before others"};
            if (touched && i > 0 && places[i - 1]->kind == RngKind::ref)
                return true;
        }
        return false;
    }

    Pattern pattern(Place place) {
        definitions_.enter(place);
        Patterns& p = grammar_.patterns;
        const RngNode& node = *place;
        const auto inner = [&](Patterns::Kind how) { return sequence(children(place), how); };
        switch (node.kind) {
        case RngKind::element: {
            const NameClass name = nameClassOf(grammar_, place, node.ns);
            const auto number = static_cast<std::uint32_t>(elements_.size());
            elements_.push_back(place);
            return p.element(name, number);
        }
        case RngKind::attribute: {
            const NameClass name =
                nameClassOf(grammar_, place, node.hasNs ? node.ns : std::string_view{});
            const std::vector<Place> body = content(place);
            if (body.size() > 1)
                throw Unknown{"an attribute with several patterns"};
            const Expression value =
                body.empty() ? Expressions::anything : values_.compile(body.front());
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
                grammar_.note("an interleave in an interleave");
                return p.interleave(p.interleave(result, impossible()), Patterns::text);
            }
            return p.interleave(result, Patterns::text);
        }
        case RngKind::ref: {
            requireChildless(place);
            return definition(definitions_.referred(node));
        }
        case RngKind::empty:
            requireChildless(place);
            return Patterns::empty;
        case RngKind::notAllowed:
            requireChildless(place);
            return impossible();
        case RngKind::text:
            requireChildless(place);
            return Patterns::text;
        case RngKind::value:
        case RngKind::data:
        case RngKind::list:
            return p.data(values_.compile(place));
        default:
            throw Unknown{"an unsupported pattern"};
        }
    }

    /// oneOrMore, as far as libxml2 implements it. It is greedy, and does not find out where one
    /// repetition of an interleave ends and the next begins. It always recognises a single
    /// repetition.
    Pattern repeated(Pattern what) {
        if (interleaves(what)) {
            grammar_.note("an interleave that repeats");
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

    /// An element that no document contains. It replaces patterns for which libxml2 2.9 refuses
    /// valid documents. Restrictions are checked as with other elements.
    Pattern impossible() {
        const auto number = static_cast<std::uint32_t>(elements_.size());
        elements_.push_back({});
        return grammar_.patterns.element(named(grammar_, "{}" + std::to_string(number)), number);
    }

    AcceptorGrammar grammar_;
    Definitions definitions_;
    ValueCompiler values_{grammar_, definitions_};
    std::vector<Place> elements_;
    std::vector<Pattern> beyond_; ///< unused patterns that are checked for restrictions
};

} // namespace

std::expected<std::shared_ptr<const AcceptorGrammar>, std::string>
compileAcceptor(RngText grammar, const RngLoader& load) {
    Compiler compiler;
    try {
        return std::make_shared<const AcceptorGrammar>(compiler.compile(std::move(grammar), load));
    } catch (const Unknown& unknown) {
        return std::unexpected(compiler.where() + ": " + unknown.why);
    }
}

} // namespace hostcompat::relaxng
