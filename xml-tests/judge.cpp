// SPDX-License-Identifier: LGPL-2.1-or-later
// For tests: prints the library's verdict on each document ("valid", "invalid" or "refused") and
// its name.
#include "driver/input/read_file.hpp"
#include "driver/validate/validator.hpp"

#include <cstdio>
#include <cstring>
#include <string>

namespace {

using namespace hostcompat;

Result<validate::Grammar> chosenGrammar(const char* option, const char* value) {
    if (std::strcmp(option, "--strict") == 0)
        return validate::Grammar::strict(value);
    if (std::strcmp(option, "--grammar") == 0)
        return validate::Grammar::fromFile(value);
    return validate::Grammar::builtIn();
}

const char* verdictOn(validate::Validator& validator, const char* path) {
    const auto bytes = input::readInput(path);
    if (!bytes)
        return bytes.error().errorNumber == 0 ? "refused" : "unreadable";
    const auto verdict = validator.validate(*bytes, path);
    if (!verdict)
        return "refused";
    return verdict->valid ? "valid" : "invalid";
}

} // namespace

int main(int count, char** arguments) {
    if (count < 4) {
        std::fprintf(
            stderr,
            "usage: judge --built-in - | --strict FOLDER | --grammar FILE, and documents\n");
        return 2;
    }
    auto grammar = chosenGrammar(arguments[1], arguments[2]);
    if (!grammar) {
        std::fprintf(stderr, "%s\n", model::describe(grammar.error()).c_str());
        return 3;
    }
    validate::Validator validator(*grammar);
    for (int i = 3; i < count; ++i)
        std::printf("%s %s\n", verdictOn(validator, arguments[i]), arguments[i]);
    return 0;
}
