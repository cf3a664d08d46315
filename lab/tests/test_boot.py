# SPDX-License-Identifier: LGPL-2.1-or-later
"""Guests that answer, panic, hang, end early or send damaged answers. QEMU is a fake."""

import io
import subprocess
import tarfile
import time
import unittest
from unittest import mock

from . import support
from powerlab import boot, cachedir, hosts
from powerlab.failures import STATUS_TIMED_OUT, LabError, describe_os_error
from powerlab.job import Job

HOST = hosts.Host("stand-in", "POWER10", nested="v1")
BARE = hosts.Host("stand-in", "POWER10", machine="powernv10")
ANSWER = "printf '@@lab %s begin@@\\n' $token; base64 -w 120 <{frame}; printf '@@lab %s end %s@@\\n' $token {digest}\n"


class Boot(support.LabTest):
    def setUp(self) -> None:
        super().setUp()
        self.fake_kernel()

    def qemu(self, script: str) -> None:
        self.command("qemu-system-ppc64", support.FAKE_QEMU + script)

    def answer(self, files: dict[str, bytes], digest: str | None = None) -> str:
        """The script of a guest that sends these files."""
        plain = io.BytesIO()
        with tarfile.open(fileobj=plain, mode="w") as tar:
            for name, data in files.items():
                member = tarfile.TarInfo("./" + name)
                member.size = len(data)
                tar.addfile(member, io.BytesIO(data))
        frame = self.folder / "frame.gz"
        frame.write_bytes(support.gzip.compress(plain.getvalue()))
        told = digest or subprocess.run(["sha256sum", frame], capture_output=True, text=True, check=True).stdout.split()[0]
        return ANSWER.format(frame=frame, digest=told)

    def refuse(self, host: hosts.Host = HOST) -> LabError:
        with self.assertRaises(LabError) as caught:
            boot.run(host, Job(command=["true"], seconds=1))
        self.assertEqual(boot._live, set())
        self.assertEqual(self.leftovers(), [])
        self.assertEqual(str(caught.exception).count("\n"), 0)
        return caught.exception

    def test_streams_and_status_pass_byte_by_byte(self) -> None:
        bytes_ = bytes(range(256)) * 9
        self.qemu("echo booting; " + self.answer({"stdout": bytes_, "stderr": b"\xff\r\n", "status": b"7\n", "seconds": b"1\n", "out/a/b": b"x"}))
        outcome = boot.run(HOST, Job(command=["true"]))
        self.assertEqual((outcome.status, outcome.stdout, outcome.stderr), (7, bytes_, b"\xff\r\n"))
        self.assertEqual(outcome.files, {"a/b": b"x"})
        self.assertFalse(outcome.timed_out)

    def kept(self, files: dict[str, bytes]) -> str:
        """The script of a guest that sends these files before its job has ended."""
        return self.answer(files).replace(" end ", " kept ")

    def test_what_was_handed_out_outlives_the_host(self) -> None:
        self.qemu(self.kept({"out/a": b"1", "out/b": b"2"}) + "echo 'the host locks up'; exec sleep 60")
        outcome = boot.run(HOST, Job(command=["true"], seconds=60, silence=1))
        self.assertEqual((outcome.files, outcome.status), ({"a": b"1", "b": b"2"}, 125))
        self.assertRegex(outcome.lost, r"stand-in gave no answer within \d+ seconds and was ended; its console last said: the host locks up")

    def test_end_after_something_was_handed_out(self) -> None:
        self.qemu(self.kept({"out/a": b"1"}) + self.answer({"out/a": b"2", "status": b"0", "seconds": b"1"}))
        outcome = boot.run(HOST, Job(command=["true"]))
        self.assertEqual((outcome.files, outcome.status, outcome.lost), ({"a": b"2"}, 0, ""))

    def test_damage_of_what_was_handed_out_is_an_error(self) -> None:
        self.qemu(self.answer({"out/a": b"1"}, digest="0" * 64).replace(" end ", " kept ") + "exit 0")
        self.assertIn("damaged", str(self.refuse()))

    def test_words_are_signs_of_life(self) -> None:
        self.qemu("for i in 1 2 3 4 5 6; do sleep 0.3; echo; done; " + self.answer({"status": b"0", "seconds": b"0"}))
        self.assertEqual(boot.run(HOST, Job(command=["true"], silence=1)).lost, "")

    def test_a_slow_host_may_be_silent_for_longer(self) -> None:
        """Twice as long as allowed, after a pause that was nearly as long as allowed."""
        self.qemu("sleep 0.8; echo slow; sleep 2; " + self.answer({"status": b"0", "seconds": b"0"}))
        self.assertEqual(boot.run(HOST, Job(command=["true"], silence=1)).lost, "")

    def test_kernel_message_between_lines_does_no_harm(self) -> None:
        script = self.answer({"stdout": b"ok", "status": b"0", "seconds": b"0"}).replace("base64", "echo '[   1.0] late message'; base64")
        self.qemu(script)
        self.assertEqual(boot.run(HOST, Job(command=["true"])).stdout, b"ok")

    def test_program_that_was_ended_is_told(self) -> None:
        self.qemu(self.answer({"status": b"137", "seconds": b"9"}))
        self.assertTrue(boot.run(HOST, Job(command=["true"], seconds=9)).timed_out)

    def test_program_that_killed_itself_is_no_timeout(self) -> None:
        self.qemu(self.answer({"status": b"137", "seconds": b"1"}))
        self.assertFalse(boot.run(HOST, Job(command=["true"], seconds=9)).timed_out)

    def test_another_run_s_frame_is_not_taken(self) -> None:
        self.qemu("token=0000\n" + self.answer({"status": b"0", "seconds": b"0"}))
        self.assertIn("before the guest answered", str(self.refuse()))

    def test_damage_is_an_error(self) -> None:
        self.qemu(self.answer({"status": b"0"}, digest="0" * 64))
        self.assertIn("damaged", str(self.refuse()))

    def test_panic_is_told_in_its_words(self) -> None:
        self.qemu("echo '[    2.1] Kernel panic - not syncing: no init'; exit 0")
        self.assertIn("stand-in panicked: [    2.1] Kernel panic - not syncing: no init", str(self.refuse()))

    def test_early_end_gives_status_and_last_words(self) -> None:
        self.qemu("echo 'qemu: no such CPU' >&2; exit 1")
        message = str(self.refuse())
        self.assertIn("status 1", message)
        self.assertIn("qemu: no such CPU", message)

    def test_hang_is_ended_though_it_ignores_sigterm(self) -> None:
        self.qemu(f"trap '' TERM; echo $$ >{self.folder}/pid; echo waiting; while :; do sleep 0.1; done")
        with mock.patch.object(boot, "BOOT_SECONDS", 0):
            error = self.refuse()
        self.assertEqual(error.status, STATUS_TIMED_OUT)
        self.assertIn("waiting", str(error))
        pid = (self.folder / "pid").read_text().strip()
        self.assertFalse((support.Path("/proc") / pid).exists())

    def test_bare_metal_is_ended_after_its_last_line(self) -> None:
        self.qemu(self.answer({"stdout": b"done", "status": b"0", "seconds": b"0"}) + "exec sleep 60")
        started = time.monotonic()
        self.assertEqual(boot.run(BARE, Job(command=["true"])).stdout, b"done")
        self.assertLess(time.monotonic() - started, 20)

    def test_qemu_that_does_not_run(self) -> None:
        self.command("qemu-system-ppc64", "#!/bin/sh\necho 'error while loading shared libraries' >&2; exit 127\n")
        self.assertIn("does not run on this machine (error while loading shared libraries)", str(self.refuse()))

    def test_full_disk_under_the_first_root(self) -> None:
        with open("/dev/full", "wb") as full, mock.patch.object(boot.tempfile, "TemporaryFile", return_value=full), self.assertRaises(OSError) as caught:
            boot.run(HOST, Job(command=["true"], scripts={"/big": "x" * (1 << 20)}))
        self.assertEqual(describe_os_error(caught.exception), f"The disk under {cachedir.root()} is full; free some space or choose another cache folder (see lab/README.md).")
        self.assertEqual(self.leftovers(), [])

    def test_too_much_for_bare_metal(self) -> None:
        big = self.folder / "big"
        with open(big, "wb") as stream:
            stream.truncate(129 << 20)
        with self.assertRaises(LabError) as caught:
            boot.run(BARE, Job(command=["true"], files={"/big": big}))
        self.assertIn("at most 128 MiB", str(caught.exception))


if __name__ == "__main__":
    unittest.main()
