// SPDX-License-Identifier: LGPL-2.1-or-later
// The interface of the commands: each adds itself to the command line, and sets the action to run.
#pragma once

#include "tools/console.hpp"
#include "tools/status.hpp"

#include <functional>

namespace CLI {
class App;
}

namespace hostcompat::tools {

/// Runs the chosen command, after the whole command line is parsed.
using Action = std::function<Status(Console&)>;

// One function for each command, in the file of that name. It adds the command with its options,
// and sets the action if the user chose it. `chosen` must outlive the parsing.
void addShow(CLI::App& app, Action& chosen);
void addCapabilities(CLI::App& app, Action& chosen);
void addDomainCapabilities(CLI::App& app, Action& chosen);
void addCheck(CLI::App& app, Action& chosen);
void addFit(CLI::App& app, Action& chosen);
void addBaseline(CLI::App& app, Action& chosen);
void addCompare(CLI::App& app, Action& chosen);
void addSurvey(CLI::App& app, Action& chosen);
void addDaemon(CLI::App& app, Action& chosen);
void addPublish(CLI::App& app, Action& chosen);
void addHook(CLI::App& app, Action& chosen);
void addDoctor(CLI::App& app, Action& chosen);
void addValidate(CLI::App& app, Action& chosen);

} // namespace hostcompat::tools
