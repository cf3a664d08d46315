// SPDX-License-Identifier: LGPL-2.1-or-later
// The frame of the commands: each adds itself to the command line and leaves what it would do.
#pragma once

#include "tools/console.hpp"
#include "tools/status.hpp"

#include <functional>

namespace CLI {
class App;
}

namespace hostcompat::tools {

/// What the chosen command does, once the whole command line is understood.
using Action = std::function<Status(Console&)>;

// One function a command, each in the file of its name: adds the command with its options; where
// the user chose it, sets the action. `chosen` must outlive the parsing.
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
