// SPDX-License-Identifier: LGPL-2.1-or-later
// Collects libxml2's errors, which it would otherwise print.
#pragma once

#include "driver/model/error.hpp"

#include <libxml/xmlerror.h>
#include <libxml/xmlversion.h>

#include <cerrno>
#include <string>
#include <string_view>
#include <utility>

namespace hostcompat::validate {

// libxml2 2.12 made the error of its callbacks const.
#if LIBXML_VERSION >= 21200
using LibxmlError = const xmlError;
#else
using LibxmlError = xmlError;
#endif

/// The Error for memory that ran out.
inline Error outOfMemory(std::string action, std::string_view subject) {
    return {.kind = ErrorKind::system,
            .action = std::move(action),
            .subject = std::string(subject),
            .line = 0,
            .errorNumber = ENOMEM,
            .reason = "",
            .remedy = ""};
}

/// The first error that libxml2 raised, in one line.
class FirstLibxmlError {
public:
    bool made() const {
        return made_;
    }
    bool isOutOfMemory() const {
        return outOfMemory_;
    }
    std::size_t line() const {
        return line_;
    }
    /// libxml2's words without line breaks, at most 200 bytes.
    const std::string& text() const {
        return text_;
    }
    /// Takes an error of our own, unless there is one already.
    void set(std::size_t line, std::string text) {
        if (std::exchange(made_, true))
            return;
        line_ = line;
        text_ = std::move(text);
    }
    /// The callback for libxml2; userData is the FirstLibxmlError. Warnings are dropped.
    static void keep(void* userData, LibxmlError* error);

private:
    bool made_ = false;
    bool outOfMemory_ = false;
    std::size_t line_ = 0;
    std::string text_ = "libxml2 gives no reason";
};

/// While this object exists, errors that libxml2 would print in this thread go to a
/// FirstLibxmlError, because parts of libxml2 have no other way to report them. The previous
/// handler is restored afterwards.
class LibxmlErrorScope {
public:
    explicit LibxmlErrorScope(FirstLibxmlError& first)
        : previous_(xmlStructuredError), previousContext_(xmlStructuredErrorContext) {
        xmlSetStructuredErrorFunc(&first, FirstLibxmlError::keep);
    }
    LibxmlErrorScope(const LibxmlErrorScope&) = delete;
    LibxmlErrorScope& operator=(const LibxmlErrorScope&) = delete;
    ~LibxmlErrorScope() {
        xmlSetStructuredErrorFunc(previousContext_, previous_);
    }

private:
    xmlStructuredErrorFunc previous_;
    void* previousContext_;
};

} // namespace hostcompat::validate
