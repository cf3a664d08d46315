# SPDX-License-Identifier: LGPL-2.1-or-later
"""One attempt to migrate a guest, what the tool predicted, and the verdict, which the migration decides."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from .failures import LabError

ARRIVED, ENDED, FAILED, HOOK, LOST = "arrived", "ended at its start", "failed", "refused by the hook", "lost"
YES, NO, UNKNOWN = "compatible", "incompatible", "unknown"
# The mode of a guest without a pinned mode depends on the host where it was started, which no document contains.
_STARTED_ON = "a guest that was started on"
# The verdict if the tool's answer, as it says, is only about guests that were started on the source, and this one was not.
OTHER_GUEST = "another guest"
# The messages with which QEMU and KVM of the target refuse the mode of a guest.
_REFUSALS = ("Unable to set CPU compatibility mode in KVM", "not valid for CPU")


@dataclass(frozen=True)
class Said:
    """What a command predicted for a guest and a target before the migration, and its reason."""

    verdict: str
    reason: str


@dataclass(frozen=True)
class Came:
    """The outcome of a migration.

    what    arrived: the guest continued in the target; ended at its start: the target's QEMU exited before the
            migration began; failed: the target's QEMU exited during the migration; refused by the hook: libvirt's
            hook in the target refused it. In all of these but the first the guest continued in the source.
            lost: it runs nowhere.
    words   the messages of the target, and of the source
    """

    what: str
    target: str
    source: str
    seconds: float = 0.0


@dataclass
class Move:
    """A row of the matrix: the hosts, the guest, the predictions, the outcome, and the verdict with what disagrees."""

    host: str
    by: str
    guest: str
    check: str
    reason: str
    survey: str
    outcome: str
    target: str
    source: str
    verdict: str
    seconds: float
    trouble: list[str] = field(default_factory=list)


def read_check(text: str) -> Said:
    """The verdict in the JSON of a `check` about one domain."""
    try:
        (one,) = json.loads(text)["virt-host-compat"]["domains"]
        return Said(one["verdict"], one["reason"])
    except (ValueError, KeyError, TypeError) as error:
        raise LabError(f"check --json gave no verdict about one domain ({text[:200]!r}).") from error


def read_survey(text: str, guest: str, host: str) -> Said:
    """Whether a guest can migrate to a host, in the JSON of a `survey`. The running guest counts, if there is one."""
    try:
        survey = json.loads(text)["virt-host-compat"]
        (place,) = [index for index, kind in enumerate(survey["kinds"]) if host in kind["hosts"]]
        (one,) = [one for one in survey["guests"] if one["domain"] == guest]
        return Said(one["on"][place]["arrive"], one["on"][place]["arrive_reason"])
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise LabError(f"survey --json says nothing of one guest {guest} on {host} ({text[:300]!r}).") from error


def judge(came: Came, said: dict[str, Said]) -> tuple[str, list[str]]:
    """agree, DISAGREE or no statement, and what disagrees.

    `said` has each command's prediction. The prediction `unknown` is never wrong, but if all are unknown there is no
    statement. If a guest did not arrive, this counts as a refusal of its mode only if QEMU's message is about the mode.
    A hook that refused is part of the tool, so it is compared with the same migration without the hook.
    """
    if came.what == LOST:
        return "DISAGREE", [f"the guest lives nowhere ({came.target}; {came.source})"]
    if came.what in (ENDED, FAILED) and not any(words in came.target for words in _REFUSALS):
        return "DISAGREE", [f"the guest {came.what} for a reason that is not its mode ({came.target or 'the target said nothing'})"]
    if came.what == HOOK:
        return "DISAGREE", ["the hook refuses the guest, and the move was not tried without it"]
    wrong = YES if came.what != ARRIVED else NO
    trouble = [f"{name} says {one.verdict}, and the guest {came.what}: {one.reason}" for name, one in said.items() if one.verdict == wrong]
    stated = any(one.verdict in (YES, NO) for one in said.values())
    return ("DISAGREE" if trouble else "agree" if stated else "no statement"), trouble


def _of_this_guest(one: Said) -> Said:
    """Ignores a prediction that is only about guests that were started on the source, if this guest was not."""
    return Said(UNKNOWN, one.reason) if one.verdict == NO and _STARTED_ON in one.reason else one


def row(way: str, by: str, guest: str, said: dict[str, Said], came: Came) -> Move:
    """The row of a migration. `said` has `check` and `survey`; `guest` ends with the host where it was started."""
    started_here = guest.endswith(f"started in {way.split(' to ')[0]}")
    mine = said if started_here else {name: _of_this_guest(one) for name, one in said.items()}
    verdict, trouble = judge(came, mine)
    if verdict == "no statement" and mine != said:
        verdict = OTHER_GUEST
    check = said["check"]
    return Move(way, by, guest, check.verdict, check.reason, said["survey"].verdict, came.what, came.target, came.source, verdict, came.seconds, trouble)
