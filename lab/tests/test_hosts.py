# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests the list of hosts, errors in it, and the resulting command lines."""

import subprocess
import sys
from pathlib import Path
from unittest import mock

from . import support
from powerlab import decisions, guests, hosts
from powerlab.failures import STATUS_USAGE, LabError

LAB = Path(__file__).resolve().parents[1]


class Hosts(support.LabTest):
    def setUp(self) -> None:
        super().setUp()
        hosts.everyone.cache_clear()
        self.addCleanup(hosts.everyone.cache_clear)

    def mistake(self, text: str) -> str:
        path = self.folder / "hosts.toml"
        path.write_text(text)
        with mock.patch.object(hosts, "LIST", path), self.assertRaises(LabError) as caught:
            hosts.everyone()
        self.assertEqual(caught.exception.status, STATUS_USAGE)
        return str(caught.exception)

    def test_the_list_itself(self) -> None:
        everyone = hosts.everyone().values()
        self.assertGreaterEqual(len(everyone), 55)
        self.assertGreaterEqual(sum(host.guests for host in everyone) * len(guests.MODES), 110)
        self.assertGreaterEqual(sum(len(decisions.domains(host)) for host in everyone if host.decisions), 200)
        for host in everyone:
            self.assertLessEqual(host.decisions, host.guests, host.name)
            # Linux 6.1 cannot use API v2.
            if host.nested == "v2" and host.kernel != "6.1":
                self.assertTrue(host.guests and host.decisions, host.name)
        for kernel in ("7.3", "6.12"):
            of_kernel = [host for host in everyone if host.kernel == kernel]
            grants = {(host.cpu, host.compat, host.grant) for host in of_kernel if host.grant}
            self.assertLessEqual({("POWER10", None, ("power10",)), ("Power11", None, ("power10", "power11")), ("Power11", "power10", ("power10",)), ("Power11", None, ("power11",))}, grants)
            for machine in ("pseries", "powernv10"):
                self.assertTrue(any(host.kvm_hv == "nested=0" and host.machine == machine and host.kernel.startswith(kernel) for host in everyone))

    def test_quick_part_covers_every_kind_of_answer(self) -> None:
        quick = [host for host in hosts.everyone().values() if host.quick]
        self.assertLessEqual(len(quick), 15)
        kinds = {(host.machine, host.cpu, host.nested, host.compat, bool(host.grant), host.kernel == "7.3") for host in quick}
        for kind in (
            *(("pseries", cpu, "v1", None, False, True) for cpu in ("POWER9", "POWER10", "Power11")),
            ("pseries", "POWER10", "v1", "power9", False, True),
            ("pseries", "Power11", "v2", None, False, True),
            ("pseries", "Power11", "v1", "power10", False, True),
            ("pseries", "Power11", "v2", "power10", False, True),
            ("pseries", "POWER10", "v2", None, False, True),
            ("pseries", "POWER10", "v2", "power9", False, True),
            ("pseries", "POWER10", "none", None, False, True),
            ("powernv9", "POWER9", "none", None, False, True),
            ("powernv10", "POWER10", "none", None, False, True),
            ("pseries", "POWER10", "v1", None, False, False),
            ("pseries", "Power11", "v2", "power10", False, False),
            ("pseries", "Power11", "v2", None, True, False),
        ):
            self.assertIn(kind, kinds)

    def test_mistakes(self) -> None:
        self.assertIn("the key cpus means nothing", self.mistake("[a]\ncpu = 'POWER9'\ncpus = 2\n"))
        self.assertIn("host a: the key cpu is missing", self.mistake("[a]\nnested = 'v1'\n"))
        self.assertIn("nested is 'v3', but only v1, v2, none are known", self.mistake("[a]\ncpu = 'POWER9'\nnested = 'v3'\n"))
        self.assertIn("kernel is '5.10'", self.mistake("[a]\ncpu = 'POWER9'\nkernel = '5.10'\n"))
        self.assertIn("grant has 'power8', but only power9, power10, power11 are known", self.mistake("[a]\ncpu = 'POWER10'\nnested = 'v2'\ngrant = ['power8']\n"))
        for wrong in ("nested = 'v1'", "machine = 'powernv10'"):
            self.assertIn("a grant needs nested = 'v2'", self.mistake(f"[a]\ncpu = 'POWER10'\n{wrong}\ngrant = ['power10']\n"))
        self.assertIn("not valid TOML", self.mistake("[a\n"))

    def test_machine_arguments(self) -> None:
        find = hosts.find
        self.assertIn("cap-nested-hv=on", find("power10").machine_argument())
        self.assertTrue(find("power10-as-power9").machine_argument().endswith("max-cpu-compat=power9"))
        self.assertIn("cap-nested-papr=on", find("power11").machine_argument())
        self.assertNotIn("nested", find("power10-no-nesting").machine_argument())
        self.assertEqual(find("powernv9").machine_argument(), "powernv9,accel=tcg")

    def test_descriptions(self) -> None:
        find = hosts.find
        self.assertEqual(find("power11-as-power10-granted").describe(), "pseries, Power11, nested API v2, in power10 mode, granted power10, Linux 7.3")
        self.assertEqual(find("power11-granted").describe(), "pseries, Power11, nested API v2, granted power10 and power11, Linux 7.3")
        self.assertEqual(find("powernv10-nested0").describe(), "powernv10, POWER10, kvm_hv nested=0, Linux 7.3")

    def run_lab(self, *arguments: str) -> tuple[int, str, str]:
        done = subprocess.run([sys.executable, str(LAB / arguments[0]), *arguments[1:]], capture_output=True, text=True, check=False)
        return done.returncode, done.stdout, done.stderr

    def test_unknown_host_in_every_command(self) -> None:
        for command in (("run", "powr10", "--", "true"), ("shell", "powr10"), ("matrix", "--only", "powr10"), ("record", "powr10")):
            status, out, err = self.run_lab(*command)
            self.assertEqual((status, out), (STATUS_USAGE, ""), command)
            self.assertEqual(err.count("\n"), 1)
            self.assertIn("There is no host powr10 in hosts.toml; did you mean power10", err)

    def test_run_without_a_command(self) -> None:
        status, _, err = self.run_lab("run", "power10")
        self.assertEqual(status, STATUS_USAGE)
        self.assertIn("Say which host and which command", err)

    def test_option_after_the_host(self) -> None:
        status, _, err = self.run_lab("run", "power10", "--timeout", "3", "--", "true")
        self.assertEqual(status, STATUS_USAGE)
        self.assertIn("The option --timeout comes after the host; options go before it", err)

    def test_files_that_are_not_there(self) -> None:
        status, _, err = self.run_lab("run", "--file", "/nowhere/x", "power10", "--", "true")
        self.assertEqual((status, err), (STATUS_USAGE, "lab: There is no file /nowhere/x to carry into the guest.\n"))
        status, _, err = self.run_lab("run", "power10", "--", "./nowhere")
        self.assertEqual((status, err), (STATUS_USAGE, "lab: There is no program ./nowhere on this machine to carry into the guest.\n"))
