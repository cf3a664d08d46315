# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests the verdict on migrations, and commands for running hosts. QEMU and the agent in a host are fakes."""

from __future__ import annotations

import base64
import json
import socket
import threading
import unittest
from concurrent.futures import Future
from unittest import mock

from . import support
from powerlab import boot, hosts, migrations, moves, remote, report, results, virsh_migrations
from powerlab.failures import LabError
from powerlab.job import Job
from powerlab.moves import Came, Said

REFUSED = "Unable to set CPU compatibility mode in KVM: Invalid argument"
YES, NO, UNKNOWN = Said("compatible", "it fits"), Said("incompatible", "it does not fit"), Said("unknown", "nobody knows")
ARRIVED = Came(moves.ARRIVED, "counts on", "8.1 s")
FAILED = Came(moves.FAILED, REFUSED + "; load of migration failed", "failed; the guest goes on in a")
ENDED = Came(moves.ENDED, REFUSED, "Connection refused; the guest goes on in a")
HOOKED = Came(moves.HOOK, "its QEMU was not started", f"error: Hook script execution failed: {virsh_migrations.REASON}")


class Judgement(unittest.TestCase):
    def verdict(self, came: Came, check: Said, survey: Said = UNKNOWN) -> str:
        verdict, trouble = moves.judge(came, {"check": check, "survey": survey})
        self.assertEqual(verdict == "DISAGREE", bool(trouble))
        return verdict

    def test_the_migration_is_the_judge(self) -> None:
        for came in (FAILED, ENDED):
            self.assertEqual([self.verdict(came, said) for said in (YES, NO, UNKNOWN)], ["DISAGREE", "agree", "no statement"])
        self.assertEqual([self.verdict(ARRIVED, said) for said in (YES, NO, UNKNOWN)], ["agree", "DISAGREE", "no statement"])

    def test_each_command_is_judged(self) -> None:
        self.assertEqual(self.verdict(ARRIVED, YES, NO), "DISAGREE")
        self.assertEqual(self.verdict(FAILED, UNKNOWN, YES), "DISAGREE")
        self.assertEqual(self.verdict(FAILED, UNKNOWN, NO), "agree")

    def test_a_failure_of_another_kind_is_no_agreement(self) -> None:
        self.assertEqual(self.verdict(Came(moves.FAILED, "Connection reset by peer", "failed"), NO), "DISAGREE")
        self.assertEqual(self.verdict(Came(moves.ENDED, "", "Connection refused"), NO), "DISAGREE")

    def test_a_lost_guest_is_never_right(self) -> None:
        for said in (YES, NO, UNKNOWN):
            self.assertEqual(self.verdict(Came(moves.LOST, REFUSED, "failed"), said), "DISAGREE")

    def test_a_hook_is_no_witness(self) -> None:
        for said in (YES, NO, UNKNOWN):
            self.assertEqual(self.verdict(HOOKED, said), "DISAGREE")

    def test_the_hook_is_held_against_the_same_move_without_it(self) -> None:
        def trouble(came: Came, without: Came) -> int:
            return len(virsh_migrations.judge_hook(came, without, virsh_migrations.REASON))

        self.assertEqual((trouble(HOOKED, ENDED), trouble(FAILED, FAILED), trouble(ARRIVED, ARRIVED)), (0, 0, 0))
        self.assertEqual((trouble(HOOKED, ARRIVED), trouble(ENDED, ENDED), trouble(ARRIVED, ENDED), trouble(FAILED, ARRIVED)), (1, 1, 1, 1))
        silent = Came(moves.HOOK, "its QEMU was not started", "error: Hook script execution failed: exit status 1")
        self.assertEqual(trouble(silent, ENDED), 1)

    def test_what_the_commands_say_is_read(self) -> None:
        check = {"virt-host-compat": {"domains": [{"verdict": "incompatible", "reason": "it does not fit"}]}}
        self.assertEqual(moves.read_check(json.dumps(check)), NO)
        on = [{"arrive": "unknown", "arrive_reason": "nobody knows"}, {"arrive": "compatible", "arrive_reason": "it fits"}]
        survey = {"virt-host-compat": {"kinds": [{"hosts": ["a"]}, {"hosts": ["b", "c"]}], "guests": [{"domain": "g", "on": on}]}}
        self.assertEqual(moves.read_survey(json.dumps(survey), "g", "c"), YES)
        for wrong in (lambda: moves.read_survey(json.dumps(survey), "h", "c"), lambda: moves.read_survey(json.dumps(survey), "g", "d"), lambda: moves.read_check("{}"), lambda: moves.read_check("")):
            self.assertRaises(LabError, wrong)


class Words(unittest.TestCase):
    def test_ticks(self) -> None:
        console = "[ 1.0] boot\r\n@@tick 1@@ cpu\t\t: POWER9 (architected), altivec supported\r\n@@tick 2@@ cpu\t\t: POWER9 (architected), altivec\r\n@@tick 3"
        self.assertEqual(migrations.last_tick(console), (2, "POWER9 (architected)"))
        self.assertEqual(migrations.last_tick("Linux version"), (0, ""))

    def test_errors(self) -> None:
        text = f"qemu-system-ppc64: warning: a thing\nqemu-system-ppc64: {REFUSED}\n\nqemu-system-ppc64: {REFUSED}\nqemu-system-ppc64: load failed\n"
        self.assertEqual(migrations.errors_of(text), f"{REFUSED}; load failed")
        log = f"LC_ALL=C \\\n/usr/bin/qemu-system-ppc64 \\\n-name guest=none\n2026-11-27T08:40:06.639188Z qemu-system-ppc64: {REFUSED}\n2026-11-27 08:40:06.7: shutting down, reason=crashed\n"
        self.assertEqual(migrations.errors_of(log), REFUSED)

    def test_what_is_said_of_guests_that_were_started_on_the_source(self) -> None:
        said = {"check": moves.Said(moves.NO, "no mode is pinned: a guest that was started on a runs in power10"), "survey": UNKNOWN}
        self.assertEqual(moves.row("a to b", "QEMU", "without a pinned mode, started in a", said, ARRIVED).verdict, "DISAGREE")
        self.assertEqual(moves.row("a to b", "QEMU", "without a pinned mode, started in b", said, ARRIVED).verdict, moves.OTHER_GUEST)
        self.assertEqual(moves.row("a to b", "QEMU", "without a pinned mode, started in b", {"check": UNKNOWN, "survey": UNKNOWN}, ARRIVED).verdict, "no statement")
        self.assertEqual(moves.row("a to b", "QEMU", "power10, started in b", {"check": NO, "survey": UNKNOWN}, ARRIVED).verdict, "DISAGREE")

    def test_the_section_of_the_report(self) -> None:
        row = moves.row("a to b", "QEMU", "power9, started in a", {"check": NO, "survey": UNKNOWN}, ARRIVED)
        part = results.Part("migrations", "2026-11-27", 60.0, {}, [row.__dict__])
        text = report.text([part])
        self.assertIn("| a to b | QEMU | power9, started in a | incompatible | unknown | arrived | counts on | 8.1 s | DISAGREE | 0 |", text)
        self.assertIn("\n- a to b: check says incompatible, and the guest arrived: it does not fit\n", text)


class Remote(support.LabTest):
    def remote(self, ended: Future[boot.Outcome] | None = None) -> remote.Remote:
        one = remote.Remote(hosts.Host("stand-in", "POWER10"), "10.0.0.1", 0, self.folder / "lab", ended or Future())
        self.addCleanup(one.close)
        return one

    def serve(self, answer: bytes) -> None:
        """A host that answers the first line and then is silent. If the answer is empty, it closes the port."""
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(self.folder / "lab"))
        listener.listen(1)
        self.addCleanup(listener.close)

        def work() -> None:
            one, _ = listener.accept()
            self.addCleanup(one.close)
            self.received = one.makefile().readline()
            one.sendall(answer) if answer else one.close()

        thread = threading.Thread(target=work)
        thread.start()
        self.addCleanup(thread.join)

    @staticmethod
    def line(number: int, status: int, out: str, err: str) -> bytes:
        return f"{number} {status} {base64.b64encode(out.encode()).decode()} {base64.b64encode(err.encode()).decode()} .\n".encode()

    def ask(self, answer: bytes, **more: object) -> remote.Answer:
        self.serve(answer)
        return self.remote().run("echo 'ä'\ntrue", 5, **more)  # type: ignore[arg-type]

    def test_a_command_and_its_answer(self) -> None:
        self.assertEqual(self.ask(self.line(1, 0, "ä\n", "")), remote.Answer(0, "ä\n", ""))
        number, seconds, script = self.received.split()
        self.assertEqual((number, seconds, base64.b64decode(script).decode()), ("1", "5", "echo 'ä'\ntrue"))

    def test_a_status_that_is_not_expected(self) -> None:
        with self.assertRaises(LabError) as caught:
            self.ask(self.line(1, 3, "", "no such thing\n"))
        self.assertIn("`echo 'ä'` in stand-in ended with status 3 (no such thing)", str(caught.exception))

    def test_a_status_that_is_allowed(self) -> None:
        self.assertEqual(self.ask(self.line(1, 3, "", ""), allowed=(3,)).status, 3)

    def test_damage_is_an_error(self) -> None:
        for line in (b"1 0 \n", b"2 0   .\n", b"1 0 ! ! .\n", b"one 0   .\n"):
            self.assertRaises(LabError, remote.read_answer, line, 1, "stand-in")

    def test_a_host_that_ends_in_the_middle(self) -> None:
        ended: Future[boot.Outcome] = Future()
        ended.set_exception(LabError("QEMU for stand-in ended with status 1"))
        self.serve(b"")
        with self.assertRaises(LabError) as caught:
            self.remote(ended).run("true", 5)
        self.assertIn("ended with status 1", str(caught.exception))

    def test_a_port_that_is_closed_while_the_host_goes_on(self) -> None:
        self.serve(b"")
        with mock.patch.object(remote, "_LEAVE_SECONDS", 0), self.assertRaises(LabError) as caught:
            self.remote().run("true", 5)
        self.assertIn("closed the port", str(caught.exception))

    def test_a_host_that_never_listens(self) -> None:
        ended: Future[boot.Outcome] = Future()
        ended.set_exception(LabError("QEMU does not start"))
        with self.assertRaises(LabError) as caught:
            self.remote(ended).run("true", 5)
        self.assertIn("does not start", str(caught.exception))

    def test_a_host_that_is_locked_up(self) -> None:
        self.serve(b"1 0 ")
        with mock.patch.object(remote, "_SLACK_SECONDS", 0), mock.patch.object(boot, "BOOT_SECONDS", 0), self.assertRaises(LabError) as caught:
            self.remote().run("true", 1)
        self.assertIn("did not answer in time", str(caught.exception))

    def test_two_hosts_reach_each_other_and_one_this_machine(self) -> None:
        one, other = (" ".join(remote.arguments(self.folder, index, 1 - index, forward, 4000)) for index, forward in ((0, 0), (1, 16509)))
        self.assertIn(f"local.path={self.folder}/net-0,remote.type=unix,remote.path={self.folder}/net-1", one)
        self.assertIn(f"local.path={self.folder}/net-1,remote.type=unix,remote.path={self.folder}/net-0", other)
        self.assertNotIn("hostfwd", one)
        self.assertIn("hostfwd=tcp:127.0.0.1:4000-:16509", other)

    def test_a_host_that_does_not_come_up_ends_the_other_one(self) -> None:
        def run(host: hosts.Host, job: Job) -> boot.Outcome:
            raise LabError(f"{host.name} does not come up")

        plans = [remote.Plan(hosts.Host(name, "POWER10"), Job()) for name in ("a", "b")]
        with mock.patch.object(boot, "run", run), mock.patch.object(boot, "end_all") as end, self.assertRaises(LabError) as caught:
            with remote.pair(*plans):
                self.fail("there are hosts")
        self.assertIn("a does not come up", str(caught.exception))
        end.assert_called_once()


if __name__ == "__main__":
    unittest.main()
