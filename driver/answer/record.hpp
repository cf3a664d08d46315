// SPDX-License-Identifier: LGPL-2.1-or-later
// A host's record as JSON: what "show --json" prints and "--probe" reads.
#pragma once

#include "driver/model/error.hpp"
#include "driver/model/host_compat.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace hostcompat::answer {

/// The record as JSON text with a newline at its end, described by schema/host-record.schema.json.
/// Every key is always present; a value that does not apply is null. Bytes that are not UTF-8
/// become U+FFFD.
std::string writeRecord(const model::HostRecord& record);

/// Whether an input is a record and not a document: it begins with a brace.
bool isRecord(std::string_view bytes);

/// Splits an input that contains several records, with white space between them. An unterminated
/// record extends to the end of the input. Never empty.
std::vector<std::string_view> splitRecords(std::string_view bytes);

/// Reads what writeRecord() wrote, here or in a newer version: unknown keys are ignored, and modes
/// beyond the table are kept. From a source that is not trusted (model::isBelieved()) only "no"
/// counts.
///
/// @param json the text. @param name its name in messages.
/// Errors: kind input with the line where it is not JSON, and with the key where a value is
/// missing, of another type, contradicts another, or where schema_version is neither 1 nor 2.
Result<model::HostRecord> parseRecord(std::string_view json, std::string_view name);

} // namespace hostcompat::answer
