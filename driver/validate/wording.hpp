// SPDX-License-Identifier: LGPL-2.1-or-later
// Converts libxml2's RELAX NG errors, which come in chains and name the elements around the
// mistake, into defects.
#pragma once

#include "driver/validate/defect.hpp"
#include "driver/validate/libxml_error.hpp"

#include <libxml/tree.h>

#include <string>
#include <vector>

namespace hostcompat::validate {

/// Collects the errors of one validation.
class RelaxNgErrors {
public:
    /// The callback for libxml2; userData is the RelaxNgErrors.
    static void keep(void* userData, LibxmlError* error);

    /// What was kept as defects: in document order, one for each cause, none twice.
    /// The document has to be there still.
    std::vector<Defect> defects() const;

    /// Whether one of the errors is at this element.
    bool isAt(const xmlNode* element) const;

    bool isOutOfMemory() const {
        return outOfMemory_;
    }

private:
    struct Raw {
        int code;
        const xmlNode* node;
        std::string first;
        std::string second;
    };
    static Defect worded(const Raw& raw);
    static std::string wrongValue(const Raw& raw);

    std::vector<Raw> raw_;
    bool outOfMemory_ = false;
};

} // namespace hostcompat::validate
