// SPDX-License-Identifier: LGPL-2.1-or-later
// Runs libxml2's RELAX NG validation, and converts its errors to defects.
#include "driver/validate/validator.hpp"

#include "driver/relaxng/acceptor.hpp"
#include "driver/text/utf8.hpp"
#include "driver/validate/explain.hpp"
#include "driver/validate/older_topology.hpp"
#include "driver/validate/tree.hpp"
#include "driver/validate/wording.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <list>
#include <optional>
#include <string>
#include <utility>

namespace hostcompat::validate {

namespace {

/// Removes elements from their document, and puts them back at the end of the scope.
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

// libxml2 keeps states for neighbouring elements and texts and compares them in pairs, about a
// billion pairs per second. For each state it copies the list of an element's attributes.
constexpr std::uint64_t kMostPairs = 4'000'000'000;
constexpr std::uint64_t kPairsOfAttributes = 8; ///< take as long as one pair of attributes

/// How far into a document the fast path searches for its root. If the root is further away,
/// libxml2 is used.
constexpr std::size_t kRootIsNear = 1024;

/// The element with the most content if validating the document would take more than some seconds;
/// otherwise null.
const xmlNode* mostCrowded(const xmlDoc* document) {
    std::uint64_t pairs = 0;
    std::uint64_t most = 0;
    const xmlNode* crowded = nullptr;
    for (const xmlNode* node = xmlDocGetRootElement(const_cast<xmlDoc*>(document)); node;
         node = tree::nextElement(node)) {
        std::uint64_t children = 0;
        for (const xmlNode* child = node->children; child; child = child->next)
            children += child->type == XML_ELEMENT_NODE || tree::isWrittenText(child);
        std::uint64_t attributes = 0;
        for (const xmlAttr* attribute = node->properties; attribute; attribute = attribute->next)
            ++attributes;
        const std::uint64_t own =
            children * children + kPairsOfAttributes * attributes * attributes;
        pairs += own;
        if (own > most) {
            most = own;
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
            .reason = fmt::format("<{}> has too many children to be validated in reasonable time",
                                  text::clipped(tree::writtenName(crowded))),
            .remedy = ""};
}

} // namespace

struct Validator::State {
    State(Grammar wanted, FastPath way) : grammar(std::move(wanted)), fastPath(way) {}

    Grammar grammar;
    FastPath fastPath;
    std::optional<Validator> domainCapabilities; ///< once a document of that kind came
    std::optional<relaxng::Acceptor> acceptor;
    std::string padded; ///< the document at hand, as the acceptor needs it
    struct ContextDeleter {
        void operator()(xmlRelaxNGValidCtxt* owned) const {
            xmlRelaxNGFreeValidCtxt(owned);
        }
    };
    std::unique_ptr<xmlRelaxNGValidCtxt, ContextDeleter> context;

    Result<Validator*> validatorOfDomainCapabilities();
    enum class Outcome { valid, invalid, outOfMemory };
    Outcome run(xmlDoc* document, RelaxNgErrors& errors);
    std::vector<Defect> explain(xmlDoc* document, const RelaxNgErrors& errors);
    std::vector<Defect> defectsOf(xmlDoc* document, const RelaxNgErrors& errors);
};

Result<Validator*> Validator::State::validatorOfDomainCapabilities() {
    if (!domainCapabilities) {
        auto wanted = grammar.domainCapabilities();
        if (!wanted)
            return std::unexpected(std::move(wanted.error()));
        domainCapabilities.emplace(std::move(*wanted), fastPath);
    }
    return &*domainCapabilities;
}

Validator::State::Outcome Validator::State::run(xmlDoc* document, RelaxNgErrors& errors) {
    // libxml2 reports some errors (memory, types) without the context's callback.
    FirstLibxmlError other;
    const LibxmlErrorScope scope(other);
    if (!context)
        if (xmlRelaxNG* compiled = grammar.get())
            context.reset(xmlRelaxNGNewValidCtxt(compiled));
    if (!context)
        return Outcome::outOfMemory;
    xmlRelaxNGSetValidStructuredErrors(context.get(), RelaxNgErrors::keep, &errors);
    const int result = xmlRelaxNGValidateDoc(context.get(), document);
    // The state of a context after errors is undefined, so the next document gets a new one.
    if (result != 0)
        context.reset();
    if (errors.isOutOfMemory() || other.isOutOfMemory() || result < 0)
        return Outcome::outOfMemory;
    return result == 0 ? Outcome::valid : Outcome::invalid;
}

/// The defects of a run. If it stopped at the host's CPUs because an older libvirt wrote the
/// document, this is reported together with the other defects.
std::vector<Defect> Validator::State::defectsOf(xmlDoc* document, const RelaxNgErrors& errors) {
    const auto cpus = topologyCpus(document);
    const auto first =
        std::ranges::find_if(cpus, [&](const xmlNode* cpu) { return errors.isAt(cpu); });
    if (first == cpus.end())
        return errors.defects();
    // Add one attribute after another: each newer grammar also requires the earlier ones.
    std::vector<Defect> defects;
    std::list<AddedAttribute> added;
    for (const char* name : topologyAttributes()) {
        if (!added.emplace_back(cpus, name).isAddedTo(*first))
            continue;
        defects.push_back({.line = lineOf(*first),
                           .element = "cpu",
                           .message = fmt::format("attribute '{}' is missing; this libvirt's "
                                                  "grammar requires it, and older versions do not "
                                                  "write it",
                                                  name)});
        RelaxNgErrors besides;
        const auto outcome = run(document, besides);
        if (outcome == Outcome::outOfMemory || besides.isAt(*first))
            continue;
        if (outcome == Outcome::invalid)
            std::ranges::move(besides.defects(), std::back_inserter(defects));
        std::ranges::stable_sort(defects, {}, &Defect::line);
        return defects;
    }
    return errors.defects();
}

std::vector<Defect> Validator::State::explain(xmlDoc* document, const RelaxNgErrors& errors) {
    if (grammar.isBuiltIn())
        return explainDocument(document);
    const auto compats = compatElements(document);
    std::vector<Defect> defects = explainCompats(document);
    if (defects.empty())
        return defectsOf(document, errors);
    // Find the defects outside <compat>. libxml2 stops at the first mistake, so run it again
    // without <compat>.
    if (compats.front() == xmlDocGetRootElement(document))
        return defects;
    const TakenOut rest(compats);
    RelaxNgErrors besides;
    if (run(document, besides) == Outcome::invalid)
        std::ranges::move(defectsOf(document, besides), std::back_inserter(defects));
    std::ranges::stable_sort(defects, {}, &Defect::line);
    return defects;
}

Validator::Validator(Grammar grammar, FastPath fastPath)
    : state_(std::make_unique<State>(std::move(grammar), fastPath)) {
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
        return judge(bytes, name);
    state_->padded.assign(bytes);
    state_->padded.append(relaxng::acceptorPadding, '\0');
    const std::string_view padded(state_->padded.data(), bytes.size());
    if (auto verdict = certainVerdict(padded))
        return *std::move(verdict);
    return judge(padded, name);
}

Result<Verdict> Validator::judge(std::string_view bytes, std::string_view name) {
    auto document = parseSafely(bytes, name);
    if (!document)
        return std::unexpected(std::move(document.error()));
    return validate(document->get(), name);
}

std::optional<Verdict> Validator::certainVerdict(std::string_view bytes) {
    if (!state_->acceptor)
        return std::nullopt;
    if (state_->acceptor->accepts(bytes))
        return Verdict{.valid = true, .defects = {}, .grammar = grammar().name()};
    if (grammar().isOfHosts() && bytes.substr(0, kRootIsNear).contains("<domainCapabilities"))
        if (const auto domains = state_->validatorOfDomainCapabilities())
            return (*domains)->certainVerdict(bytes);
    return std::nullopt;
}

Result<Verdict> Validator::validate(xmlDoc* document, std::string_view name) {
    if (grammar().isOfHosts() &&
        tree::isPlain(xmlDocGetRootElement(document), "domainCapabilities")) {
        const auto domains = state_->validatorOfDomainCapabilities();
        if (!domains)
            return std::unexpected(domains.error());
        return (*domains)->validate(document, name);
    }
    if (auto compiled = state_->grammar.compiled(); !compiled)
        return std::unexpected(std::move(compiled.error()));
    if (const xmlNode* crowded = mostCrowded(document)) {
        if (!state_->grammar.isBuiltIn())
            return std::unexpected(tooCrowded(crowded, name));
        // explainDocument() checks every rule of this grammar, and takes little time.
        std::vector<Defect> defects = explainDocument(document);
        return Verdict{
            .valid = defects.empty(), .defects = std::move(defects), .grammar = grammar().name()};
    }
    RelaxNgErrors errors;
    const auto outcome = state_->run(document, errors);
    if (outcome == State::Outcome::outOfMemory)
        return std::unexpected(outOfMemory("validate", name));
    Verdict verdict{
        .valid = outcome == State::Outcome::valid, .defects = {}, .grammar = grammar().name()};
    if (verdict.valid)
        return verdict;
    verdict.defects = state_->explain(document, errors);
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
