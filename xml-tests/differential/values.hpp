// SPDX-License-Identifier: LGPL-2.1-or-later
// Values that a grammar allows, or nearly allows.
#pragma once

#include "driver/relaxng/grammar.hpp"

#include <map>
#include <random>
#include <string>
#include <vector>

namespace hostcompat::differential {

using Random = std::mt19937_64;

/// A number below `bound`, which must not be 0.
inline std::size_t below(Random& random, std::size_t bound) {
    return static_cast<std::size_t>(random() % bound);
}

/// Makes values that a grammar allows, or nearly allows, for each attribute and element name.
class Values {
public:
    explicit Values(const relaxng::AcceptorGrammar& grammar);

    /// A value for the attribute or element `name`; often one that is allowed there.
    std::string make(const std::string& name, Random& random);
    /// A string of this expression, or an empty one where none was found.
    std::string sample(relaxng::Expression expression, Random& random);
    /// All expressions of the grammar's values.
    const std::vector<relaxng::Expression>& all() const {
        return all_;
    }

private:
    void add(const std::string& name, relaxng::Expression expression);

    relaxng::Expressions expressions_;
    std::map<std::string, std::vector<relaxng::Expression>> byName_;
    std::vector<relaxng::Expression> all_;
};

} // namespace hostcompat::differential
