# SPDX-License-Identifier: LGPL-2.1-or-later
"""Judges the tool's answers by what a real guest did.

The guest decides. The lab also uses three things that it knows: the level and the grant that it gave to the host
(hosts.toml), which levels a vCPU of the host accepted (lab/raw_probe.c), and what the same guest did on the same host
with another kernel (lab/measured.json). No rule of driver/ is used.
"""

from __future__ import annotations

from dataclasses import dataclass

from .hosts import Host

ORDER = ("power8", "power9", "power10", "power11")
BOOTED, REFUSED, DIED, SILENT = "booted", "refused", "died", "no answer"

# The messages of a QEMU that exits before the mode matters. The result then says nothing about the mode.
_LIMITS = ("Invalid compatibility mode", "VRMA only allows")
# The messages with which QEMU and KVM refuse a mode. Any other message says nothing about the mode.
_REFUSALS = (
    "Unable to set CPU compatibility mode in KVM",
    "not valid for CPU",
    "HPT not supported in nested guests",
    "Guest requested unavailable MMU mode",
)
COMMIT = "884ea0283f4e"
WITHOUT_CHECK = f"the guest boots beyond what the partition was given: this kernel has no check of it (commit {COMMIT})"
BY_POWER11 = "the guest boots beyond the grant: KVM of a Power11 judges power10 by the grant of power11"
BEYOND = "beyond the grant"
MUTE = "a vCPU takes no level, not even 0: nothing of modes can be known, and the tool says so"


@dataclass(frozen=True)
class Did:
    """What a guest did: booted, refused, died or no answer, and its message."""

    what: str
    words: str


@dataclass(frozen=True)
class Verdict:
    """agree, DISAGREE, not possible, beyond the grant or no statement, and the reason if it is not obvious."""

    word: str
    why: str = ""


def limit(did: Did) -> bool:
    """Whether a guest reached a limit that has nothing to do with its mode."""
    return did.what == REFUSED and any(words in did.words for words in _LIMITS)


def given(host: Host) -> tuple[str, ...]:
    """The modes that the lab gave to a host's guests: by its grant, or all up to its level and its processor."""
    if host.grant:
        return host.grant
    return ORDER[: ORDER.index(host.compat or host.cpu.lower()) + 1]


def processor(words: str) -> str:
    """The mode of the processor that a booted guest reported, as in `POWER9 (architected)`."""
    return words.split(" ")[0].lower()


def beyond(host: Host, did: Did) -> bool:
    """Whether a guest booted on a processor that the lab did not give to its host's guests."""
    return did.what == BOOTED and processor(did.words) not in given(host)


def judged_by_power11(host: Host, mode: str) -> bool:
    """Whether KVM judges this mode by the grant of another one, so that QEMU's hypervisor lets the guest boot."""
    return mode == "power10" and host.cpu == "Power11" and "power11" in host.grant and "power10" not in host.grant


def judge(host: Host, mode: str | None, positive: bool | None, did: Did, checked: Did | None, mute: bool = False) -> Verdict:
    """Whether the tool's answer and the guest agree.

    mode     the pinned mode, None without one
    positive the tool's answer: True if the guest can run, False if not, None if it is unknown
    checked  what the same guest did on the same host with a kernel that has the check of COMMIT, if that was measured
    mute     whether a vCPU of the host refused every level (lab/raw_probe.c), so that unknown is the right answer
    """
    if limit(did):
        return Verdict("not possible", did.words)
    if positive is None:
        return Verdict("agree", MUTE) if mute else Verdict("no statement")
    if did.what == BOOTED:
        return _judge_boot(host, mode, positive, did, checked)
    if positive:
        return Verdict("DISAGREE", f"the guest was to run, and: {did.what}")
    if did.what == REFUSED and not any(words in did.words for words in _REFUSALS):
        return Verdict("DISAGREE", "the guest ended for a reason that is not its mode")
    return Verdict("agree")


def _judge_boot(host: Host, mode: str | None, positive: bool, did: Did, checked: Did | None) -> Verdict:
    if mode is not None and processor(did.words) != mode:
        return Verdict("DISAGREE", f"pinned to {mode}, it runs as {did.words}")
    if mode is not None and judged_by_power11(host, mode):
        return Verdict(BEYOND, BY_POWER11)
    if not beyond(host, did):
        return Verdict("agree") if positive else Verdict("DISAGREE", "the guest was not to run, and it booted")
    # With API v1 the hypervisor is Linux, which runs a guest without a mode at any level of its own processor.
    checks = host.kernel.startswith("7.3") or (checked is not None and checked.what == BOOTED)
    if positive and mode is None and (host.nested == "v1" or checks):
        return Verdict("agree")
    if positive:
        return Verdict("DISAGREE", f"it may run as {did.words}, which this partition was not given")
    if checked is None or checked.what == BOOTED:
        return Verdict("DISAGREE", "the guest was not to run, and it booted; no newer kernel was seen to refuse it")
    return Verdict(BEYOND, WITHOUT_CHECK)
