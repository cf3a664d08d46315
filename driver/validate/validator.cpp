// SPDX-License-Identifier: LGPL-2.1-or-later
// Runs libxml2's RELAX NG validation and puts what it finds into words.
#include "driver/validate/validator.hpp"

#include "driver/relaxng/acceptor.hpp"
#include "driver/text/utf8.hpp"
#include "driver/validate/explain.hpp"
#include "driver/validate/skeleton.hpp"
#include "driver/validate/tree.hpp"
#include "driver/validate/wording.hpp"
#include "driver/xml/well_formed.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <utility>

namespace hostcompat::validate {

namespace {

struct ContextDeleter {
    void operator()(xmlRelaxNGValidCtxt* context) const {
        xmlRelaxNGFreeValidCtxt(context);
    }
};

/// Takes elements out of their document, and puts them back at the end of the scope.
class TakenOut {
public:
    explicit TakenOut(const std::vector<xmlNode*>& nodes) {
        for (xmlNode* node : nodes) {
            places_.push_back({node, node->parent, node->next});
            xmlUnlinkNode(node);
        }
    }
    TakenOut(const TakenOut&) = delete;
    TakenOut& operator=(const TakenOut&) = delete;
    ~TakenOut() {
        for (auto place = places_.rbegin(); place != places_.rend(); ++place) {
            if (place->next)
                xmlAddPrevSibling(place->next, place->node);
            else
                xmlAddChild(place->parent, place->node);
        }
    }

private:
    struct Place {
        xmlNode* node;
        xmlNode* parent;
        xmlNode* next;
    };
    std::vector<Place> places_;
};

// libxml2 compares the states that it keeps for neighbouring elements pair by pair, about a billion
// pairs a second.
constexpr std::uint64_t kMostPairs = 4'000'000'000;

/// The element with the most children, where validating the document would take more than some
/// seconds; else null.
const xmlNode* mostCrowded(const xmlDoc* document) {
    std::uint64_t pairs = 0;
    std::uint64_t most = 0;
    const xmlNode* crowded = nullptr;
    for (const xmlNode* node = xmlDocGetRootElement(const_cast<xmlDoc*>(document)); node;
         node = tree::nextElement(node)) {
        std::uint64_t children = 0;
        for (const xmlNode* child = node->children; child; child = child->next)
            children += child->type == XML_ELEMENT_NODE;
        pairs += children * children;
        if (children > most) {
            most = children;
            crowded = node;
        }
    }
    return pairs > kMostPairs ? crowded : nullptr;
}

Error tooCrowded(const xmlNode* crowded, std::string_view name) {
    return {.kind = ErrorKind::input,
            .action = "validate",
            .subject = std::string(name),
            .line = lineOf(crowded),
            .errorNumber = 0,
            .reason =
                fmt::format("<{}> has so many elements in it that a verdict would take too long",
                            text::clipped(tree::writtenName(crowded))),
            .remedy = ""};
}

} // namespace

namespace {

constexpr std::size_t kLargestShortened = std::size_t{256} * 1024;

/// The document without the cuts, of which only line ends stay.
void leaveOut(std::string_view bytes, const std::vector<relaxng::Cut>& cuts, std::string& result) {
    result.clear();
    std::size_t at = 0;
    for (const relaxng::Cut& cut : cuts) {
        result.append(bytes.substr(at, cut.begin - at));
        const std::string_view left = bytes.substr(cut.begin, cut.end - cut.begin);
        result.append(static_cast<std::size_t>(std::ranges::count(left, '\n')), '\n');
        at = cut.end;
    }
    result.append(bytes.substr(at));
}

} // namespace

struct Validator::State {
    explicit State(Grammar wanted) : grammar(std::move(wanted)) {}

    Grammar grammar;
    std::optional<relaxng::Acceptor> acceptor;
    std::string padded;               ///< the document at hand, as the acceptor needs it
    std::string shortened;            ///< without its repetitions
    std::optional<SafeParser> parser; ///< made for the first document that needs it
    std::unique_ptr<xmlRelaxNGValidCtxt, ContextDeleter> context;

    enum class Outcome { valid, invalid, outOfMemory };
    Outcome run(xmlDoc* document, RelaxNgErrors& errors);
    std::vector<Defect> explain(xmlDoc* document, const RelaxNgErrors& errors);
};

Validator::State::Outcome Validator::State::run(xmlDoc* document, RelaxNgErrors& errors) {
    // Some of libxml2's errors (memory, types) know nothing of the context's callback.
    FirstLibxmlError other;
    const LibxmlErrorScope scope(other);
    if (!context)
        if (xmlRelaxNG* compiled = grammar.get())
            context.reset(xmlRelaxNGNewValidCtxt(compiled));
    if (!context)
        return Outcome::outOfMemory;
    xmlRelaxNGSetValidStructuredErrors(context.get(), RelaxNgErrors::keep, &errors);
    const int result = xmlRelaxNGValidateDoc(context.get(), document);
    // What a context keeps after errors is nobody's promise; the next document gets a new one.
    if (result != 0)
        context.reset();
    if (errors.isOutOfMemory() || other.isOutOfMemory() || result < 0)
        return Outcome::outOfMemory;
    return result == 0 ? Outcome::valid : Outcome::invalid;
}

std::vector<Defect> Validator::State::explain(xmlDoc* document, const RelaxNgErrors& errors) {
    if (grammar.isBuiltIn())
        return explainCapabilities(document);
    const auto compats = compatElements(document);
    std::vector<Defect> defects;
    for (const xmlNode* compat : compats)
        std::ranges::move(explainCompat(compat), std::back_inserter(defects));
    if (defects.empty())
        return errors.defects();
    // What is wrong besides: libxml2 sees no further than the first mistake, so it looks again
    // without <compat>.
    if (compats.front() == xmlDocGetRootElement(document))
        return defects;
    const TakenOut rest(compats);
    RelaxNgErrors besides;
    if (run(document, besides) == Outcome::invalid)
        std::ranges::move(besides.defects(), std::back_inserter(defects));
    std::ranges::stable_sort(defects, {}, &Defect::line);
    return defects;
}

Validator::Validator(Grammar grammar, FastPath fastPath)
    : state_(std::make_unique<State>(std::move(grammar))) {
    if (fastPath == FastPath::on && state_->grammar.acceptor())
        state_->acceptor.emplace(state_->grammar.acceptor());
}
Validator::Validator(Validator&&) noexcept = default;
Validator& Validator::operator=(Validator&&) noexcept = default;
Validator::~Validator() = default;

const Grammar& Validator::grammar() const {
    return state_->grammar;
}

Result<Verdict> Validator::validate(std::string_view bytes, std::string_view name) {
    if (!state_->acceptor)
        return judgeWhole(bytes, name);
    state_->padded.assign(bytes);
    state_->padded.append(relaxng::acceptorPadding, '\0');
    const std::string_view padded(state_->padded.data(), bytes.size());
    if (isCertainlyValid(padded))
        return Verdict{.valid = true, .defects = {}};
    return judge(padded, name);
}

Result<Verdict> Validator::judge(std::string_view bytes, std::string_view name) {
    if (auto verdict = judgeShortened(bytes, name))
        return std::move(*verdict);
    return judgeWhole(bytes, name);
}

Result<Verdict> Validator::judgeWhole(std::string_view bytes, std::string_view name) {
    if (!state_->parser)
        state_->parser.emplace();
    auto document = state_->parser->parse(bytes, name);
    if (!document)
        return std::unexpected(std::move(document.error()));
    return validate(document->get(), name);
}

std::optional<Verdict> Validator::judgeShortened(std::string_view bytes, std::string_view name) {
    // Larger documents can break a limit (names, crowding) by what would be left out.
    if (!state_->acceptor || bytes.size() > kLargestShortened)
        return std::nullopt;
    const std::vector<relaxng::Cut> cuts = state_->acceptor->repetitions(bytes);
    std::string& shortened = state_->shortened;
    leaveOut(bytes, cuts, shortened);
    if (shortened.size() > bytes.size() / 4 * 3 || !xml::checkDocument(bytes, name))
        return std::nullopt;
    auto verdict = judgeWhole(shortened, name);
    if (!verdict || verdict->valid)
        return std::nullopt;
    return std::move(*verdict);
}

bool Validator::isCertainlyValid(std::string_view bytes) {
    return state_->acceptor && state_->acceptor->accepts(bytes);
}

Result<Verdict> Validator::validate(xmlDoc* document, std::string_view name) {
    if (auto compiled = state_->grammar.compiled(); !compiled)
        return std::unexpected(std::move(compiled.error()));
    XmlDocument skeleton;
    if (state_->grammar.isBuiltIn()) {
        skeleton = skeletonOf(document);
        if (!skeleton)
            return std::unexpected(outOfMemory("validate", name));
    } else if (const xmlNode* crowded = mostCrowded(document)) {
        return std::unexpected(tooCrowded(crowded, name));
    }
    RelaxNgErrors errors;
    const auto outcome = state_->run(skeleton ? skeleton.get() : document, errors);
    if (outcome == State::Outcome::outOfMemory)
        return std::unexpected(outOfMemory("validate", name));
    if (outcome == State::Outcome::valid)
        return Verdict{.valid = true, .defects = {}};
    Verdict verdict{.valid = false, .defects = state_->explain(document, errors)};
    if (verdict.defects.empty())
        verdict.defects = errors.defects();
    if (verdict.defects.empty()) {
        const xmlNode* root = xmlDocGetRootElement(document);
        verdict.defects.push_back({lineOf(root), reinterpret_cast<const char*>(root->name),
                                   "the document does not match the grammar"});
    }
    return verdict;
}

} // namespace hostcompat::validate
