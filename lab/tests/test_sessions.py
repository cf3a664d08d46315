# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests steps over several boots: a step that locks up its host is tried again in its own boot. Boots are fakes."""

from collections.abc import Callable
from unittest import mock

from . import support
from powerlab import boot, guests, sessions
from powerlab.failures import LabError
from powerlab.hosts import Host
from powerlab.job import Job
from powerlab.sessions import Files, Step

HOST = Host("stand-in", "POWER10", nested="v1")
STEPS = [Step("nest", "power9"), Step("decide", "a"), Step("decide", "b"), Step("nest", "none")]


class Sessions(support.LabTest):
    def run_with(self, answer: Callable[[list[str]], dict[str, bytes] | LabError], steps: list[Step] = STEPS) -> tuple[Files, list[list[str]]]:
        """Run steps in a host. `answer` returns a boot's files, given the names of its steps."""
        boots: list[list[str]] = []

        def run(_host: Host, job: Job) -> boot.Outcome:
            names = [name for line in job.scripts["/root/steps"].splitlines() if line.startswith("sh ") for name in line.split()[3:]]
            boots.append(names)
            files = answer(names)
            if isinstance(files, LabError):
                raise files
            return boot.Outcome(125, b"", b"", "", "", files, 10.0, False, lost="the host locked up")

        with mock.patch.object(boot, "run", run):
            return sessions.run(HOST, Job, steps, 200), boots

    @staticmethod
    def ends(*names: str, late: tuple[str, ...] = ()) -> dict[str, bytes]:
        """The lists of a boot in which these steps ended."""
        guest, domain = ([name for name in names if (name in ("power9", "none")) == kind] for kind in (True, False))
        lines = [f"late-{name} 200\n" for name in late]
        return {"statuses": "".join([*lines, *(f"done-{name} 0\n" for name in guest)]).encode(), "decided": "".join(f"done-{name} 0\n" for name in domain).encode()}

    def test_one_boot_where_nothing_goes_wrong(self) -> None:
        files, boots = self.run_with(lambda names: self.ends(*names))
        self.assertEqual(boots, [["power9", "a", "b", "none"]])
        self.assertEqual((list(files.words("statuses")), list(files.words("decided"))), (["done-power9", "done-none"], ["done-a", "done-b"]))
        self.assertEqual(files.seconds, 10.0)

    def test_script_keeps_the_order(self) -> None:
        self.assertEqual(sessions.script(STEPS, 200), "#!/bin/sh\nsh /root/nest 200 power9\nsh /root/decide 200 a b\nsh /root/nest 200 none\nexit 0\n")

    def test_what_is_left_is_done_in_another_boot(self) -> None:
        files, boots = self.run_with(lambda names: self.ends(*names[:2]))
        self.assertEqual(boots, [["power9", "a", "b", "none"], ["b", "none"]])
        self.assertEqual(files.seconds, 20.0)
        self.assertEqual(list(files.words("statuses")), ["done-power9", "done-none"])

    def test_step_that_locks_its_host_up_is_named_after_it_came_first(self) -> None:
        files, boots = self.run_with(lambda names: self.ends(*names[: names.index("b")] if "b" in names else names))
        self.assertEqual(boots, [["power9", "a", "b", "none"], *[["b", "none"]] * sessions._ATTEMPTS, ["none"]])
        self.assertEqual(files.words("decided")["lost-b"], "the host locked up")
        self.assertIn("done-none", files.words("statuses"))

    def test_step_that_ran_out_of_time_behind_another_is_tried_first(self) -> None:
        files, boots = self.run_with(lambda names: self.ends(*names, late=("none",) if len(names) > 1 else ()))
        self.assertEqual(boots, [["power9", "a", "b", "none"], ["none"]])
        self.assertNotIn("late-none", files.words("statuses"))

    def test_step_that_runs_out_of_time_in_its_own_boot_has_no_answer(self) -> None:
        files, boots = self.run_with(lambda names: self.ends(*names, late=("none",)))
        self.assertEqual(boots[1:], [["none"]])
        self.assertEqual(guests.did(files.text, files.words("statuses"), "none").what, "no answer")

    def test_host_that_does_not_come_up_is_an_error(self) -> None:
        with self.assertRaises(LabError) as caught:
            self.run_with(lambda names: LabError("the guest stand-in panicked"))
        self.assertIn("panicked", str(caught.exception))

    def test_boot_that_fails_once_is_no_error(self) -> None:
        answers: list[dict[str, bytes] | LabError] = [LabError("no answer"), self.ends("power9")]
        files, boots = self.run_with(lambda names: answers.pop(0), STEPS[:1])
        self.assertEqual((len(boots), files.words("statuses")), (2, {"done-power9": "0"}))

    def test_step_before_which_no_boot_comes_up_any_more_is_named(self) -> None:
        answers: list[dict[str, bytes] | LabError] = [self.ends("power9"), *(LabError(f"it panicked {number}") for number in range(sessions._ATTEMPTS))]
        files, _ = self.run_with(lambda names: answers.pop(0), [STEPS[0], STEPS[3]])
        self.assertEqual(guests.lost(files, "statuses"), [f"guest none: it panicked {sessions._ATTEMPTS - 1}"])
