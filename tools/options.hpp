// SPDX-License-Identifier: LGPL-2.1-or-later
// Options that mean the same in every command that takes them.
#pragma once

#include <CLI/CLI.hpp>

#include <string>

namespace hostcompat::tools {

inline void addProbeOption(CLI::App& command, std::string& probe) {
    command
        .add_option(
            "--probe", probe,
            "Use the record in FILE (of 'show --json'; - is standard input) in place of this host")
        ->type_name("FILE");
}

inline void addHostOption(CLI::App& command, std::string& host) {
    command
        .add_option(
            "--host", host,
            "Use the capabilities document CAPS (- is standard input) in place of this host")
        ->type_name("CAPS");
}

inline void addJsonOption(CLI::App& command, bool& json) {
    command.add_flag("--json", json, "Print the answer as one JSON object");
}

inline void addQuietOption(CLI::App& command, bool& quiet) {
    command.add_flag("--quiet", quiet,
                     "Print no answer, only errors; the exit status is the answer");
}

inline void addFilesFromOption(CLI::App& command, std::string& filesFrom) {
    command
        .add_option(
            "--files-from", filesFrom,
            "Read the names of further inputs from FILE, one on each line (- is standard input)")
        ->type_name("FILE");
}

inline void addJobsOption(CLI::App& command, unsigned& jobs) {
    command
        .add_option("--jobs", jobs, "Work on N inputs at a time (default: one for each processor)")
        ->type_name("N")
        ->check(CLI::Range(1U, 1024U));
}

inline void addStrictOptions(CLI::App& command, bool& strict, std::string& schemaDir) {
    command.add_flag("--strict", strict, "Use libvirt's own grammar with <compat> admitted");
    command
        .add_option(
            "--schema-dir", schemaDir,
            "Where libvirt's grammars are (with --strict; default: where libvirt installs them)")
        ->type_name("DIR");
}

} // namespace hostcompat::tools
