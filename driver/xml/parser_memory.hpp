// SPDX-License-Identifier: LGPL-2.1-or-later
// What happens when libxml2 or pugixml gets no memory.
#pragma once

namespace hostcompat {

/// Has the handler called, instead of null returned to the parsers, where memory runs out. libxml2
/// 2.9 goes on with null in some places, and pugixml leaves a new node out without a word. The
/// handler must not return. For programs only, before the first use of either; a library must leave
/// its process alone.
void stopOnParserMemoryFailure(void (*handler)());

/// Has libxml2 take its blocks from malloc() itself again. For a child process that goes on to a
/// library which uses the same libxml2 and gives its blocks to free(). libvirt does: see what
/// virURIParseParams() in its src/util/viruri.c makes of xmlURIUnescapeString()'s strings. To be
/// called before the first use of libxml2.
void shareParserMemory();

} // namespace hostcompat
