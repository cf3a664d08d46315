# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests the checks of published formats under systemd: each defect of a run is detected."""

import unittest

from powerlab import units

GOOD_TEXT = {
    "nfd": "power-compat.power9=true\n",
    "prometheus": 'virt_host_compat_mode_supported{mode="power9"} 1\n',
    "ansible": '{"modes": {"power9": true}}\n',
    "facter": '{"modes": {"power9": true}}\n',
    "nova": "- CUSTOM_POWER_COMPAT_POWER9\n",
    "vdsm": "'POWER9'\n",
    "modes": "power9\n",
}
UNKNOWN_TEXT = {"nfd": "known=false\n", "prometheus": "virt_host_compat_known 0\n", "ansible": '{"status": "unknown"}\n', "facter": '{"status": "unknown"}\n'}


def good() -> dict[str, str]:
    files = {
        "times": "".join(f"{event} {name} 12.5 11.25\n" for event in units.EVENTS for name in units.FORMATS),
        "running": "running\n",
        "service": "Result=success\nExecMainStatus=0\n",
        "security": "→ Overall exposure level for virt-host-compat-publish.service: 1.9 OK\n",
        "timers": "virt-host-compat-publish.timer\n",
        "hook-statuses": "check 0\npre 0\npost 0\n",
    }
    for event, possible in units.EVENTS.items():
        files |= {f"{event}-{name}.file": text for name, text in (GOOD_TEXT if possible else UNKNOWN_TEXT).items()}
    return files


class Judgement(unittest.TestCase):
    def test_good(self) -> None:
        self.assertEqual(units.judge(good()), [])
        self.assertEqual(units.span(units.waited(good()), "boot"), "1.2 to 1.2 s")

    def test_each_fault_is_seen(self) -> None:
        faults: list[tuple[str, dict[str, str], str]] = [
            ("never right", {"times": good()["times"].replace("loaded nfd 12.5", "loaded nfd never", 1)}, "loaded, nfd: its file never became"),
            ("no answer of a format", {"times": good()["times"].replace("hour modes 12.5 11.25\n", "")}, "hour, modes: its file never became"),
            ("a mode is missing", {"loaded-nova.file": "traits: []\n"}, "loaded, nova: no power9"),
            ("a yes stays", {"unloaded-nfd.file": "known=false\npower-compat.power9=true\n"}, "unloaded, nfd: still a power9"),
            ("a file stays", {"unloaded-modes.file": "power10\n"}, "unloaded, modes: unknown is"),
            ("unknown is not said", {"unloaded-prometheus.file": "virt_host_compat_known 1\n"}, "unloaded, prometheus: unknown is"),
            ("systemd is not up", {"running": "starting\n"}, "systemd says"),
            ("the service failed", {"service": "Result=exit-code\n"}, "the service ended with"),
            ("too much can be reached", {"security": "→ Overall exposure level for x: 2.1 OK\n"}, "systemd-analyze security says"),
            ("no timer", {"timers": "0 timers listed.\n"}, "list-timers says"),
            ("the hook stops a migration", {"hook-statuses": "check 0\npre 1\npost 0\n"}, "the migration hook"),
            ("an error", {"errors": "rmmod: 1\n"}, "on the way: rmmod: 1"),
        ]
        for name, change, words in faults:
            with self.subTest(name):
                found = units.judge(good() | change)
                self.assertEqual(len(found), 1, found)
                self.assertIn(words, found[0])
