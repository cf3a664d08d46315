// SPDX-License-Identifier: LGPL-2.1-or-later
// Reads a grammar's files into one table of definitions, from which it is compiled.
#pragma once

#include "driver/relaxng/grammar.hpp"
#include "driver/relaxng/rng_document.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace hostcompat::relaxng {

/// Thrown while a grammar is compiled, and caught by compileAcceptor(), whose error it becomes.
struct Unknown {
    std::string why; ///< the unsupported construct, in a few words
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

std::vector<Place> children(Place place);

/// Throws Unknown where the node has children.
void requireChildless(Place place);

/// All that defines one name.
struct Definition {
    std::vector<Place> places;
    std::optional<std::string_view> combine;
    bool plain = false; ///< one definition had no combine
    Pattern pattern = 0;
    std::optional<Expression> value; ///< as an attribute's value, once asked for
    enum class State { fresh, busy, done } state = State::fresh;
};

/// The definitions of a grammar and of all that it includes, by name.
class Definitions {
public:
    /// Reads the grammar and its includes. Throws Unknown.
    void read(RngText grammar, const RngLoader& load);

    /// What <start> defines. Throws Unknown where there is none.
    Definition& start();
    /// What a <ref> refers to. Throws Unknown where that is not defined.
    Definition& referred(const RngNode& ref);

    /// Notes the file of what is compiled next, for where().
    void enter(Place place) {
        where_ = *fileOf_.at(place.document);
    }
    /// The file that was read or entered last.
    const std::string& where() const {
        return where_;
    }

    auto begin() {
        return byName_.begin();
    }
    auto end() {
        return byName_.end();
    }

private:
    using ByName = std::unordered_map<std::string_view, Definition>;

    Place open(RngText text);
    void collect(const std::vector<Place>& places, ByName& definitions);
    void include(Place place, ByName& definitions);

    const RngLoader* load_ = nullptr;
    std::vector<std::unique_ptr<RngDocument>> documents_;
    std::vector<std::unique_ptr<std::string>> names_;
    std::unordered_map<const RngDocument*, const std::string*> fileOf_;
    ByName byName_;
    std::string where_;
    unsigned depth_ = 0;
};

} // namespace hostcompat::relaxng
