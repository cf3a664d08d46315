/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * @file
 * The library libvirt-host-compat: which processor compatibility modes KVM guests of an IBM POWER
 * host can have, and what follows for libvirt's documents.
  * Strings are UTF-8 and end with a NUL byte. Arguments belong to the caller and are not kept. A
 * string that is returned through a `char **` belongs to the caller, who frees it with vhcFree();
 * if there is no result, the pointer is set to NULL. `error` may be NULL; otherwise it receives
 * NULL, or one sentence, without a line break at its end, that says what failed and what to do. It
 * is also NULL if there was no memory for the sentence.
 *
 * Every function is thread-safe: there is no state between calls. No function prints, changes the
 * locale or a signal, starts a thread or a process, leaves a descriptor open, or throws an
 * exception. errno may be changed.
 *
 * If an allocation fails, the result is VHC_SYSTEM, with one exception: freeing a tree of JSON
 * needs memory, and if that fails, the C++ library ends the process (abort(3)). A result is never
 * wrong because memory ran out.
 *
 * The library parses documents with the rights of its caller, because a library cannot give them
 * up. It refuses documents above 64 MiB, with a DOCTYPE, or with more than 256 levels. The parsers
 * are fuzzed, and tested under the sanitizers. A privileged program should run the command
 * virt-host-compat instead, which gives up its rights first.
 */
#ifndef VIRT_HOST_COMPAT_H
#define VIRT_HOST_COMPAT_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The result of a function; the numbers are the exit statuses of the command. */
typedef enum {
    VHC_YES = 0,     /**< done, or the answer is yes */
    VHC_NO = 1,      /**< the answer is no */
    VHC_USAGE = 2,   /**< an argument is NULL or invalid */
    VHC_INPUT = 3,   /**< a text cannot be parsed, or is of the wrong kind */
    VHC_UNKNOWN = 4, /**< the host's modes are unknown */
    VHC_SYSTEM = 5   /**< a system call failed, or memory ran out */
} vhcStatus;

/** The library's version, "1.0.0"; never freed. */
const char *vhcVersion(void);

/** Frees a text of this library; NULL is allowed. */
void vhcFree(char *text);

/**
 * Asks this host. Opens /dev/kvm and reads files below /proc and /sys; takes some milliseconds.
  * @param record receives the record as JSON (host-record.schema.json), also if the modes are
 *        unknown; it then contains the reason.
 * @return VHC_YES the modes are known; VHC_UNKNOWN they are not; VHC_USAGE record is NULL;
 *         VHC_SYSTEM.
 */
vhcStatus vhcProbe(char **record, char **error);

/**
 * Completes libvirt's host capabilities document with <compat>. No other byte changes.
 *
 * @param record of the host that the document is about (vhcProbe(), or "show --json"); NULL asks
 *        this host.
  * @param document the result of virConnectGetCapabilities().
 * @param completed receives the document; NULL if the status is not VHC_YES.
 * @return VHC_YES; VHC_UNKNOWN the modes are unknown, or the document is of a host that has none;
 *         VHC_USAGE document or completed is NULL; VHC_INPUT, also if the document is of another
 *         processor generation than the record; VHC_SYSTEM.
 */
vhcStatus vhcCapabilities(const char *record, const char *document, char **completed, char **error);

/**
 * Completes libvirt's domain capabilities with what KVM runs: the attribute usable of custom
 * models, and the modes that can be pinned. No other byte changes.
  * The arguments and results are those of vhcCapabilities(), but the document is the result of
 * virConnectGetDomainCapabilities(). The result is also VHC_UNKNOWN if the document is not for KVM
 * guests of ppc64 or ppc64le with the machine type pseries.
 */
vhcStatus vhcDomainCapabilities(const char *record, const char *document, char **completed,
                                char **error);

/* * Decides whether a domain can run on a host.
 *
 * @param host a record, or libvirt's host capabilities document with <compat>; NULL asks this host.
 * @param domain libvirt's domain document.
 * @param answer receives the verdict with its reason as JSON (check.schema.json), whatever the
 *        verdict; may be NULL.
  * @return VHC_YES it can, or the modes do not apply to it; VHC_NO; VHC_UNKNOWN; VHC_USAGE domain
 *         is NULL; VHC_INPUT; VHC_SYSTEM.
 */
vhcStatus vhcCheck(const char *host, const char *domain, char **answer, char **error);

/**
 * Finds the newest mode that all hosts support.
 *
 * @param hosts count texts, each a record or a host capabilities document.
  * @param mode receives its name ("power9"); NULL if the status is not VHC_YES.
 * @return VHC_YES; VHC_NO no mode is common to all; VHC_UNKNOWN the modes of a host are unknown;
 *         VHC_USAGE hosts, one of them or mode is NULL, or count is 0; VHC_INPUT a text cannot be
 *         parsed: error contains its number, from 1; VHC_SYSTEM.
 */
vhcStatus vhcBaseline(const char *const *hosts, size_t count, char **mode, char **error);

#ifdef __cplusplus
}
#endif

#endif
