// SPDX-License-Identifier: LGPL-2.1-or-later
// Checks the first bytes, every character, and the structure of the document.
#include "driver/xml/well_formed.hpp"

#include "driver/input/read_file.hpp"
#include "driver/xml/characters.hpp"
#include "driver/xml/document_scanner.hpp"
#include "driver/xml/recognise.hpp"

#include <fmt/format.h>

#include <string>
#include <utility>

namespace hostcompat::xml {

namespace {

/// The encoding that the first bytes indicate, or null if it may be UTF-8.
const char* foreignEncoding(std::string_view bytes) {
    using namespace std::string_view_literals;
    for (auto mark : {"\x00\x00\xFE\xFF"sv, "\xFF\xFE\x00\x00"sv, "<\0\0\0"sv, "\0\0\0<"sv})
        if (bytes.starts_with(mark))
            return "UTF-32";
    for (auto mark : {"\xFE\xFF"sv, "\xFF\xFE"sv, "<\0"sv, "\0<"sv})
        if (bytes.starts_with(mark))
            return "UTF-16";
    return nullptr;
}

} // namespace

namespace {

Result<void> check(std::string_view bytes, std::string_view name) {
    const auto refuse = [&](std::size_t line, std::string reason, std::string remedy = {}) {
        return std::unexpected(Error{.kind = ErrorKind::input,
                                     .action = "parse",
                                     .subject = std::string(name),
                                     .line = line,
                                     .errorNumber = 0,
                                     .reason = std::move(reason),
                                     .remedy = std::move(remedy)});
    };
    if (bytes.empty())
        return refuse(0, "it is empty");
    if (bytes.size() > input::kMaximumInputBytes)
        return refuse(0, "it is larger than 64 MiB", "split it if it contains several documents");
    if (const char* encoding = foreignEncoding(bytes))
        return refuse(1, fmt::format("it is {}, not UTF-8", encoding), "convert it to UTF-8");
    DocumentScanner scanner(bytes);
    if (auto bad = findBadCharacter(bytes))
        return refuse(scanner.lineAt(bad->offset), bad->reason,
                      bad->isEncoding ? "convert it to UTF-8" : "");
    if (!scanner.document()) {
        const auto& failure = scanner.failure();
        return refuse(scanner.lineAt(failure.offset), failure.reason, failure.remedy);
    }
    return {};
}

} // namespace

Result<void> checkDocument(std::string_view bytes, std::string_view name) {
    auto checked = check(bytes, name);
    if (checked)
        return checked;
    if (auto other = recognise(bytes)) {
        Error& error = checked.error();
        error.line = 0;
        error.reason = std::move(other->reason);
        error.remedy = std::move(other->remedy);
    }
    return checked;
}

} // namespace hostcompat::xml
