// SPDX-License-Identifier: LGPL-2.1-or-later
// Validation: there are defects if and only if a document is invalid, their lines are within the
// document, and they are the same each time.
#include "driver/text/utf8.hpp"
#include "driver/validate/validator.hpp"
#include "fuzz/require.hpp"

#include <algorithm>

using namespace hostcompat;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static validate::Validator used(*validate::Grammar::builtIn());
    const std::string bytes = Input(data, size).rest();
    const auto verdict = used.validate(bytes, "input");
    // A validator that has seen all the earlier documents gives the same result as a new one.
    const auto anew = validate::Validator(*validate::Grammar::builtIn()).validate(bytes, "input");
    require(verdict.has_value() == anew.has_value(), "a used validator errs otherwise");
    if (!verdict)
        return 0;
    require(verdict->valid == anew->valid, "a used validator judges otherwise");
    require(verdict->valid == verdict->defects.empty(), "a verdict and its defects contradict");
    require(verdict->defects.size() == anew->defects.size(), "a used validator explains otherwise");
    const auto lines = 1 + static_cast<std::size_t>(std::ranges::count(bytes, '\n'));
    std::size_t last = 0;
    for (const validate::Defect& defect : verdict->defects) {
        require(!defect.message.empty(), "a defect without words");
        require(text::outputLine(defect.message).find('\n') == std::string::npos,
                "a defect of several lines");
        require(defect.line <= lines, "a line behind the document's end");
        require(defect.line >= last, "defects out of order");
        last = defect.line;
    }
    return 0;
}
