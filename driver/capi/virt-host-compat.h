/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * @file
 * The library libvirt-host-compat: which processor compatibility modes KVM guests of an IBM POWER
 * host can have, and what follows for libvirt's documents.
 *
 * Texts are UTF-8 and end with a NUL byte. What is given stays the caller's and is not kept. What
 * comes back through a `char **` belongs to the caller, who frees it with vhcFree(); where a
 * function gives nothing, it sets the pointer to NULL. `error` may be NULL; else it receives NULL,
 * or one sentence without a line break at its end that says what failed and what to do. It is NULL
 * also where there was no memory for it.
 *
 * Every function may be called by any number of threads at a time: there is no state between calls.
 * None prints, changes the locale or a signal, starts a thread or a process, leaves a descriptor
 * open, or lets an exception out. errno may be changed.
 *
 * Where an allocation fails the answer is VHC_SYSTEM, but for one kind: a tree of JSON needs
 * memory to be freed, and where that fails the C++ library ends the process (abort(3)). No answer
 * is wrong for want of memory.
 *
 * The library parses what others wrote with the rights of its caller: a library cannot give them
 * up. Documents are refused above 64 MiB, and where they have a DOCTYPE or more than 256 levels.
 * The parsers are fuzzed, and tested under the sanitizers. A program with many rights does better
 * to run the command virt-host-compat, which gives up its own first.
 */
#ifndef VIRT_HOST_COMPAT_H
#define VIRT_HOST_COMPAT_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What a function answers; the numbers are the exit statuses of the command. */
typedef enum {
    VHC_YES = 0,     /**< done; for a question, yes */
    VHC_NO = 1,      /**< no */
    VHC_USAGE = 2,   /**< an argument is NULL or makes no sense */
    VHC_INPUT = 3,   /**< a text cannot be parsed, or is not what it should be */
    VHC_UNKNOWN = 4, /**< the host does not say */
    VHC_SYSTEM = 5   /**< a system call failed, or there is no memory */
} vhcStatus;

/** The library's version, "1.0.0"; never freed. */
const char *vhcVersion(void);

/** Frees a text of this library; NULL is allowed. */
void vhcFree(char *text);

/**
 * Asks this host. Opens /dev/kvm and reads files below /proc and /sys; takes some milliseconds.
 *
 * @param record receives the record as JSON (host-record.schema.json), also where the modes are
 *        unknown: then it says why.
 * @return VHC_YES the modes are known; VHC_UNKNOWN they are not; VHC_USAGE record is NULL;
 *         VHC_SYSTEM.
 */
vhcStatus vhcProbe(char **record, char **error);

/**
 * Completes libvirt's host capabilities document with <compat>. No other byte changes.
 *
 * @param record of the host that the document is about (vhcProbe(), or "show --json"); NULL asks
 *        this host.
 * @param document what virConnectGetCapabilities() gave.
 * @param completed receives the document; NULL where the status is not VHC_YES.
 * @return VHC_YES; VHC_UNKNOWN the modes are not known, or the document is of a host that has none;
 *         VHC_USAGE document or completed is NULL; VHC_INPUT, also where the document is of another
 *         processor generation than the record; VHC_SYSTEM.
 */
vhcStatus vhcCapabilities(const char *record, const char *document, char **completed, char **error);

/**
 * Completes libvirt's domain capabilities with what KVM runs: the attribute usable of custom
 * models, and the modes that can be pinned. No other byte changes.
 *
 * The arguments and answers are those of vhcCapabilities(), with what
 * virConnectGetDomainCapabilities() gave. VHC_UNKNOWN also where the document is not about KVM
 * guests of ppc64 or ppc64le with the machine type pseries.
 */
vhcStatus vhcDomainCapabilities(const char *record, const char *document, char **completed,
                                char **error);

/**
 * Tells whether a domain can run on a host.
 *
 * @param host a record, or libvirt's host capabilities document with <compat>; NULL asks this host.
 * @param domain libvirt's domain document.
 * @param answer receives the verdict with its reason as JSON (check.schema.json), whatever the
 *        verdict; may be NULL.
 * @return VHC_YES it can, or the modes do not bind it; VHC_NO; VHC_UNKNOWN; VHC_USAGE domain is
 *         NULL; VHC_INPUT; VHC_SYSTEM.
 */
vhcStatus vhcCheck(const char *host, const char *domain, char **answer, char **error);

/**
 * Finds the newest mode that all hosts support.
 *
 * @param hosts count texts, each a record or a host capabilities document.
 * @param mode receives its name ("power9"); NULL where the status is not VHC_YES.
 * @return VHC_YES; VHC_NO no mode is common to all; VHC_UNKNOWN a host does not say; VHC_USAGE
 *         hosts, one of them or mode is NULL, or count is 0; VHC_INPUT a text cannot be read: error
 *         calls it by its number, from 1; VHC_SYSTEM.
 */
vhcStatus vhcBaseline(const char *const *hosts, size_t count, char **mode, char **error);

#ifdef __cplusplus
}
#endif

#endif
