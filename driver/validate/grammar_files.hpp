// SPDX-License-Identifier: LGPL-2.1-or-later
// The files of a grammar: this program reads and checks them, and passes them to libxml2.
#pragma once

#include "driver/model/error.hpp"

#include <libxml/parser.h>

#include <functional>
#include <string>

namespace hostcompat::validate {

/// Gives the content of a grammar's file by its absolute or relative path, or an Error of kind
/// input. Called from any thread.
using GrammarReader = std::function<Result<std::string>(const std::string& path)>;

/// Reads every *.rng file of a folder, so that its grammars can be parsed when nothing can be
/// opened any more.
///
/// @param folder an absolute path.
/// @return gives each of them by its path, with the error where it could not be read; and an error
/// for every other file. Errors: kind input, if there are more than 1000 files or 64 MiB of them.
Result<GrammarReader> readGrammarFolder(const std::string& folder);

/// Reads a grammar and every grammar that it includes, and refuses what libxml2 would fetch from
/// the network or complain about on standard error.
///
/// @param path a .rng file. @param read gives it and the others.
/// @return nothing, or the first problem, kind input: a file that cannot be read or is not well
/// formed (as `read` and parseSafely() say it), one that includes something that is not a file, or
/// more than 64 files.
Result<void> checkGrammarFiles(const std::string& path, const GrammarReader& read);

/// While this object exists, libxml2 gets the files that this thread's grammars include from a
/// reader. It opens no file itself, and uses no catalog.
class GrammarFilesScope {
public:
    explicit GrammarFilesScope(const GrammarReader& read);
    GrammarFilesScope(const GrammarFilesScope&) = delete;
    GrammarFilesScope& operator=(const GrammarFilesScope&) = delete;
    ~GrammarFilesScope();

private:
    xmlExternalEntityLoader previous_;
};

} // namespace hostcompat::validate
