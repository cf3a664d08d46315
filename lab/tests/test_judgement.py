# SPDX-License-Identifier: LGPL-2.1-or-later
"""The comparisons of documents, traces and messages find what they are for; archives can be read."""

import io
import json
import subprocess
import unittest

from . import support  # noqa: F401  (sets the module path)
from .test_expectation import said
from powerlab import faults, libvirts
from powerlab.archive import Archive


class Documents(unittest.TestCase):
    def test_only_inserted_lines_may_differ(self) -> None:
        before = "<cpu>\n  <model>POWER10</model>\n</cpu>\n"
        after = before.replace("</cpu>", "  <compat source='kvm'>\n    <mode name='power9' supported='yes'/>\n  </compat>\n</cpu>")
        added, other = libvirts._judge_lines(before, after)
        self.assertEqual((len(added), other), (3, []))
        self.assertNotEqual(libvirts._judge_lines(before, after.replace("POWER10", "POWER9"))[1], [])
        self.assertNotEqual(libvirts._judge_lines(before, after.replace("<model>POWER10</model>", ""))[1], [])

    def test_trace(self) -> None:
        trace = '1 openat(AT_FDCWD, "/dev/kvm", O_RDWR|O_CLOEXEC) = 3\n1 open("/etc/passwd", O_RDONLY) = 4\n'
        self.assertEqual(faults.opened_without_need(trace), ["/etc/passwd"])

    def test_silence_is_no_message(self) -> None:
        self.assertEqual(faults._judge("no-device", 4, ""), "DISAGREE")
        self.assertEqual(faults._judge("no-device", 0, "x"), "DISAGREE")
        self.assertEqual(faults._judge("no-device", 4, "no /dev/kvm"), "agree")
        self.assertEqual(faults._judge("output-full", 5, "virt-host-compat: cannot write"), "agree")
        self.assertEqual(faults._judge("no-device-tree", 0, "x"), "agree")
        self.assertEqual(faults._judge("no-device-tree", 0, "x", capability=False), "DISAGREE")
        self.assertEqual(faults._judge("output-full", 5, "internal buffer error / virt-host-compat: cannot write"), "DISAGREE")
        self.assertEqual(faults._words(json.dumps(said()), ""), "kvm: power9")


class Cpio(unittest.TestCase):
    def test_cpio_reads_it(self) -> None:
        stream = io.BytesIO()
        archive = Archive(stream)
        archive.file("a/b/c", b"text", 0o755)
        archive.link("a/l", "b/c")
        archive.device("dev/console", 5, 1)
        archive.close()
        done = subprocess.run(["cpio", "-itv", "--quiet"], input=stream.getvalue(), capture_output=True, check=True)
        listed = done.stdout.decode()
        self.assertEqual([line.split()[8] for line in listed.splitlines() if not line.startswith("c")], ["a", "a/b", "a/b/c", "a/l", "dev"])
        self.assertIn("a/l -> b/c", listed)
        self.assertRegex(listed, r"crw-------.* 5, +1 .* dev/console")
