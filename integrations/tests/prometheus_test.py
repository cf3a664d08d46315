#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests the metrics, the alerts and the dashboard with promtool, node exporter, Prometheus and Grafana's types.

Usage: prometheus_test.py PROGRAM NPM_FOLDER
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from consumers import INTEGRATIONS, RECORDS, need, npm, published, replaced, run, run_checks, told

PLACE = INTEGRATIONS / "prometheus"
RULES = "virt-host-compat.rules.yml"
METRICS = "var/lib/prometheus/node-exporter/virt-host-compat.prom"
# How long a server may take until it has read the expected data.
PATIENCE = 60.0


def promtool_takes_the_metrics(program: str, folder: Path) -> list[str]:
    need("promtool")
    problems = []
    hosts = sorted(path.stem for path in RECORDS.glob("*.json") if not path.stem.endswith(".raw"))
    for host in hosts:
        done = run("promtool", "check", "metrics", stdin=published(program, "prometheus", host))
        if done.returncode or done.stdout + done.stderr:
            problems.append(f"{host}: {told(done)}")
    good = published(program, "prometheus", "power10")
    for what, broken in (("a name with hyphens", replaced(good, "virt_host_compat_known 1", "virt-host-compat-known 1")), ("a last line without its end", good.rstrip("\n"))):
        if run("promtool", "check", "metrics", stdin=broken).returncode == 0:
            problems.append(f"promtool takes {what}")
    return problems if hosts else ["there are no records"]


def promtool_takes_the_rules(folder: Path) -> list[str]:
    need("promtool")
    problems = [told(done) for done in (run("promtool", "check", "rules", PLACE / RULES), run("promtool", "test", "rules", "tests.yml", cwd=PLACE)) if done.returncode]
    rules = (PLACE / RULES).read_text(encoding="utf-8")
    (folder / RULES).write_text(replaced(rules, "virt_host_compat_known == 0", "virt_host_compat_known = 0"), encoding="utf-8")
    if run("promtool", "check", "rules", folder / RULES).returncode == 0:
        problems.append("promtool takes a rule that is no expression")
    # One error in each alert, and one in the grouping. The unit tests must detect each of them.
    shutil.copy(PLACE / "tests.yml", folder)
    for old, new in (
        ("(virt_host_compat_mode_supported == 0)", "(virt_host_compat_mode_supported == 1)"),
        ("[1d]", "[5m]"),
        ("virt_host_compat_known == 0", "virt_host_compat_known == 1"),
        ("unless on", "and on"),
        ("on (job, cluster)", "on (job)"),
        ("> 3 * 3600", "> 30 * 3600"),
        (r"virt-host-compat\\.prom", r"\\.prom"),
    ):
        (folder / RULES).write_text(replaced(rules, old, new), encoding="utf-8")
        if run("promtool", "test", "rules", "tests.yml", cwd=folder).returncode == 0:
            problems.append(f"the tests pass with {new!r} in place of {old!r}")
    return problems


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@contextmanager
def started(log: Path, *command: object) -> Iterator[None]:
    with log.open("w", encoding="utf-8") as output:
        process = subprocess.Popen([str(word) for word in command], stdout=output, stderr=output)
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)


class Host:
    """A host that publishes into a folder, and whose modes can change."""

    def __init__(self, program: str, root: Path) -> None:
        self.program = program
        self.root = root
        self.metrics = root / METRICS
        self.publish("enable", "prometheus")

    def publish(self, *words: object) -> None:
        done = run(self.program, "publish", *words, "--root", self.root)
        if done.returncode not in (0, 4):
            raise AssertionError(told(done))

    def becomes(self, record: str) -> None:
        self.publish("run", "--probe", RECORDS / f"{record}.json")


class Server:
    """A Prometheus server that reads a node exporter every second."""

    def __init__(self, port: int) -> None:
        self.address = f"http://127.0.0.1:{port}/api/v1/"

    def alerts(self) -> list[dict]:
        with urllib.request.urlopen(self.address + "alerts", timeout=5) as answer:
            return json.load(answer)["data"]["alerts"]

    def query(self, expression: str) -> list[dict]:
        with urllib.request.urlopen(self.address + "query?" + urllib.parse.urlencode({"query": expression}), timeout=5) as answer:
            return json.load(answer)["data"]["result"]

    def eventually(self, expression: str, value: str) -> bool:
        return wait(lambda: [one["value"][1] for one in self.query(expression)] == [value])


def wait(condition: Callable[[], bool]) -> bool:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            if condition():
                return True
        except (urllib.error.URLError, ConnectionError):
            pass  # The server is still starting.
        time.sleep(0.3)
    return False


@contextmanager
def monitored(folder: Path, textfiles: Path) -> Iterator[Server]:
    exporter, port = free_port(), free_port()
    config = folder / "prometheus.yml"
    config.write_text(
        f"global: {{scrape_interval: 1s, evaluation_interval: 1s}}\nrule_files: ['{PLACE}/{RULES}']\n"
        f"scrape_configs: [{{job_name: node, static_configs: [{{targets: ['127.0.0.1:{exporter}']}}]}}]\n",
        encoding="utf-8",
    )
    with started(
        folder / "exporter.log", "prometheus-node-exporter", f"--web.listen-address=127.0.0.1:{exporter}", "--collector.disable-defaults",
        "--collector.textfile", f"--collector.textfile.directory={textfiles}",
    ), started(
        folder / "prometheus.log", "prometheus", f"--config.file={config}", f"--storage.tsdb.path={folder}/data", f"--web.listen-address=127.0.0.1:{port}",
    ):
        yield Server(port)


def dashboard_queries() -> dict[str, str]:
    """The queries of the dashboard's panels by title, with the initial values of its variables."""
    dashboard = json.loads((PLACE / "dashboard.json").read_text(encoding="utf-8"))
    return {panel["title"]: target["expr"].replace("$job", "node").replace("$cluster", ".*") for panel in dashboard["panels"] for target in panel["targets"]}


def answers_of_the_dashboard(server: Server) -> list[str]:
    problems = []
    for title, expression in dashboard_queries().items():
        answer = server.query(expression)
        if not answer:
            problems.append(f"the panel {title!r} is empty")
        if title == "Modes common to all" and {one["metric"].get("mode") for one in answer} != {"power9", "power10"}:
            problems.append(f"the panel {title!r} has {answer}")
    broken = replaced(next(iter(dashboard_queries().values())), "sum(", "sums(")
    try:
        server.query(broken)
        problems.append("Prometheus takes a query with a function that it does not have")
    except urllib.error.HTTPError as error:
        if error.code != 400:
            problems.append(f"a broken query: {error}")
    return problems


def an_alert_fires_when_a_mode_is_lost(program: str, folder: Path) -> list[str]:
    """Tests publish, node exporter, Prometheus and the rules with a host that loses power10."""
    need("prometheus", "prometheus-node-exporter")
    host = Host(program, folder / "root")
    host.becomes("power10")
    with monitored(folder, host.metrics.parent) as server:
        if not server.eventually('virt_host_compat_mode_supported{mode="power10"}', "1"):
            return ["Prometheus does not see power10"]
        problems = answers_of_the_dashboard(server)
        if server.alerts():
            problems.append(f"an alert before anything happened: {server.alerts()}")
        host.becomes("power10-as-power9")

        def firing() -> list[tuple[str, str]]:
            return [(one["labels"]["alertname"], one["labels"]["mode"]) for one in server.alerts() if one["state"] == "firing"]

        if not wait(lambda: firing() == [("VirtHostCompatModeLost", "power10")]):
            problems.append(f"the alerts are {server.alerts()}")
        # The alert about stale metrics identifies the file by the name that node exporter reports.
        old = time.time() - 4 * 3600
        os.utime(host.metrics, (old, old))
        if not wait(lambda: any(one["labels"]["alertname"] == "VirtHostCompatStale" and one["state"] == "pending" for one in server.alerts())):
            problems.append(f"an old file goes unnoticed: {server.alerts()}")
        if not server.eventually("node_textfile_scrape_error", "0"):
            problems.append("node exporter finds fault with the file")
        host.metrics.write_text(host.metrics.read_text(encoding="utf-8").rstrip("\n"), encoding="utf-8")
        if not server.eventually("node_textfile_scrape_error", "1"):
            problems.append("node exporter takes a file whose last line has no end")
    return problems


def the_dashboard_asks_for_what_there_is(program: str, folder: Path) -> list[str]:
    asked = {name for expression in dashboard_queries().values() for name in re.findall(r"virt_host_compat_\w+", expression)}
    there = set(re.findall(r"^(virt_host_compat_\w+)", published(program, "prometheus", "power10"), re.MULTILINE))
    return [] if asked and asked <= there else [f"the dashboard asks for {sorted(asked - there)}"]


# One error in each. Prometheus tests the queries.
BROKEN_DASHBOARDS = (
    ('"type": "table", "title"', '"type": "tables", "title"', "'\"tables\"' is not assignable"),
    ('"textMode": "name"', '"textMode": "names"', "'\"names\"' is not assignable"),
    ('"textMode"', '"textmode"', "'\"textmode\"' does not exist"),
    ('  "schemaVersion": 38,\n', "", "'schemaVersion' is missing"),
    ('"templating"', '"variables"', "'\"variables\"' does not exist"),
    ('"type": "query"', '"type": "search"', "'\"search\"' is not assignable"),
    ('"includeAll": true', '"includeAll": "yes"', "'string' is not assignable to type 'boolean"),
    ('"refresh": 2}', '"refresh": 7}', "'7' is not assignable to type 'VariableRefresh"),
    ('"type": "value", "options"', '"type": "values", "options"', "'\"values\"' is not assignable"),
    ('"mappings": [{', '"mapping": [{', "'\"mapping\"' does not exist"),
    (', "overrides": []', "", "'overrides' is missing"),
    ('"w": 12, "h": 4', '"w": 12', "'h' is missing"),
    ('"targets": [{"refId": "A", "format"', '"target": [{"refId": "A", "format"', "'\"target\"' does not exist"),
)


def grafanas_types_take_the_dashboard(npm_folder: Path, folder: Path) -> list[str]:
    npm(npm_folder)
    text = (PLACE / "dashboard.json").read_text(encoding="utf-8")
    wrong = {folder / f"{number}.json": (old, new, words) for number, (old, new, words) in enumerate(BROKEN_DASHBOARDS)}
    for file, (old, new, _) in wrong.items():
        file.write_text(replaced(text, old, new), encoding="utf-8")
    done = run("node", INTEGRATIONS / "tests/dashboard.js", PLACE / "dashboard.json", *wrong, cwd=npm_folder)
    said = done.stdout.splitlines()
    problems = [] if done.returncode == 1 and f"{PLACE}/dashboard.json: fits @grafana/schema" in done.stdout else [told(done)]
    for file, (old, new, words) in wrong.items():
        if not any(one.startswith(f"{file}:") and words in one for one in said):
            problems.append(f"{new!r} in place of {old!r}: {[one for one in said if one.startswith(str(file))]}")
    return problems


def main(program: str, npm_folder: str) -> int:
    program = str(Path(program).resolve())
    return run_checks(
        {
            "promtool takes the metrics": partial(promtool_takes_the_metrics, program),
            "promtool takes the rules and their tests": promtool_takes_the_rules,
            "the dashboard asks for what there is": partial(the_dashboard_asks_for_what_there_is, program),
            "Grafana's types take the dashboard": partial(grafanas_types_take_the_dashboard, Path(npm_folder).resolve()),
            "an alert fires when a mode is lost": partial(an_alert_fires_when_a_mode_is_lost, program),
        }
    )


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
