// SPDX-License-Identifier: LGPL-2.1-or-later
// Verdicts about domains as JSON: schema/check.schema.json.
#pragma once

#include "driver/model/error.hpp"
#include "driver/policy/check.hpp"

#include <nlohmann/json.hpp>

#include <string>

namespace hostcompat::policy {

/// The text, or null where it is empty. Bytes that are not UTF-8 have to become U+FFFD on printing.
nlohmann::ordered_json jsonText(const std::string& text);

/// The names of the set's modes, oldest first.
nlohmann::ordered_json jsonModes(model::ModeSet modes);

/// An entry of "domains": the verdict about one. @param name what the input is called.
nlohmann::ordered_json domainJson(const std::string& name, const xml::Domain& domain,
                                  const CheckAnswer& answer);

/// An entry for a domain that cannot be read.
nlohmann::ordered_json domainJson(const std::string& name, const Error& error);

/// The whole answer about domains on a host. @param domains an array of the entries above.
nlohmann::ordered_json checkJson(const PolicyHost& host, const qemu::QemuModes* qemu,
                                 nlohmann::ordered_json domains);

/// {"virt-host-compat": body}, with schema_version 1 as the body's first key, as text. Bytes that
/// are not UTF-8 become U+FFFD.
std::string wholeJson(const nlohmann::ordered_json& body);

} // namespace hostcompat::policy
