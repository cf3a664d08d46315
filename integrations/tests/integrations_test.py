#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is in integrations/, and what "publish" and "--format" print, given to those who read it.

Each check has a broken thing too, which the same reader must refuse.

Usage: integrations_test.py PROGRAM NPM_FOLDER
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from functools import partial
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "xml-tests"))

import tap  # noqa: E402

RECORDS = ROOT / "xml-tests/records"
PROMETHEUS = HERE.parent / "prometheus"
NEEDED = ("promtool", "prometheus", "prometheus-node-exporter", "ansible-playbook", "ansible-lint", "pre-commit", "git", "npm", "node", "rsync", "facter", "unshare")


def run(*command: object, stdin: str = "", **more: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(word) for word in command], input=stdin, capture_output=True, text=True, check=False, timeout=600, **more)  # type: ignore[call-overload]


def published(program: str, name: str, host: str) -> str:
    return run(program, "publish", "print", name, "--probe", RECORDS / f"{host}.json").stdout


def told(done: subprocess.CompletedProcess[str]) -> str:
    return f"status {done.returncode}: {done.stdout[-600:]}{done.stderr[-600:]}"


def promtool_takes_the_metrics(program: str) -> list[str]:
    problems = []
    for host in ("power10", "power10-as-power9", "power10-no-nesting", "powernv9"):
        done = run("promtool", "check", "metrics", stdin=published(program, "prometheus", host))
        if done.returncode or done.stdout + done.stderr:
            problems.append(f"{host}: {told(done)}")
    broken = run("promtool", "check", "metrics", stdin=published(program, "prometheus", "power10").replace("virt_host_compat_known 1", "virt-host-compat 1"))
    return problems + ([] if broken.returncode else ["promtool takes a name with hyphens"])


def promtool_takes_the_rules(folder: Path) -> list[str]:
    problems = [told(done) for done in (run("promtool", "check", "rules", PROMETHEUS / "virt-host-compat.rules.yml"), run("promtool", "test", "rules", "tests.yml", cwd=PROMETHEUS)) if done.returncode]
    for name in ("virt-host-compat.rules.yml", "tests.yml"):
        shutil.copy(PROMETHEUS / name, folder)
    rules = folder / "virt-host-compat.rules.yml"
    rules.write_text(rules.read_text().replace("virt_host_compat_known == 0", "virt_host_compat_known == 1", 1))
    if run("promtool", "test", "rules", "tests.yml", cwd=folder).returncode == 0:
        problems.append("the tests pass with a wrong rule")
    return problems


def the_dashboard_asks_for_what_there_is(program: str) -> list[str]:
    import re

    dashboard = json.loads((PROMETHEUS / "dashboard.json").read_text())
    asked = {name for panel in dashboard["panels"] for target in panel["targets"] for name in re.findall(r"virt_host_compat_\w+", target["expr"])}
    there = set(re.findall(r"^(virt_host_compat_\w+)", published(program, "prometheus", "power10"), re.M))
    return [] if asked and asked <= there else [f"the dashboard asks for {sorted(asked - there)}"]


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def an_alert_fires_when_a_mode_is_lost(program: str, folder: Path) -> list[str]:
    """Node exporter, Prometheus and the rules, with what "publish" wrote before and after."""
    textfiles = folder / "textfiles"
    textfiles.mkdir()
    metrics = textfiles / "virt-host-compat.prom"
    metrics.write_text(published(program, "prometheus", "power10"))
    exporter, server = free_port(), free_port()
    config = folder / "prometheus.yml"
    config.write_text(
        f"global: {{scrape_interval: 1s, evaluation_interval: 1s}}\nrule_files: ['{PROMETHEUS}/virt-host-compat.rules.yml']\n"
        f"scrape_configs: [{{job_name: node, static_configs: [{{targets: ['127.0.0.1:{exporter}']}}]}}]\n"
    )
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    processes = [
        subprocess.Popen(["prometheus-node-exporter", f"--web.listen-address=127.0.0.1:{exporter}", "--collector.disable-defaults", "--collector.textfile", f"--collector.textfile.directory={textfiles}"], **quiet),
        subprocess.Popen(["prometheus", f"--config.file={config}", f"--storage.tsdb.path={folder}/data", f"--web.listen-address=127.0.0.1:{server}"], **quiet),
    ]

    def ask(path: str) -> list[dict]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{server}/api/v1/{path}", timeout=5) as answer:
                data = json.load(answer)["data"]
        except OSError:
            return []
        return data.get("alerts", data.get("result", []))

    def wait(path: str, what) -> list[dict]:
        end = time.monotonic() + 60
        while time.monotonic() < end:
            if found := [one for one in ask(path) if what(one)]:
                return found
            time.sleep(0.3)
        return []

    try:
        if not wait("query?query=virt_host_compat_mode_supported%7Bmode%3D%22power10%22%7D", lambda one: one["value"][1] == "1"):
            return ["Prometheus does not see power10"]
        if ask("alerts"):
            return [f"an alert before anything happened: {ask('alerts')}"]
        metrics.write_text(published(program, "prometheus", "power10-as-power9"))
        fired = wait("alerts", lambda one: one["labels"]["alertname"] == "VirtHostCompatModeLost" and one["state"] == "firing")
        return [] if [one["labels"]["mode"] for one in fired] == ["power10"] else [f"the alerts are {ask('alerts')}"]
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(30)


def ansible_lint_is_content(folder: Path) -> list[str]:
    copy = folder / "ansible"
    shutil.copytree(HERE.parent / "ansible", copy)
    environment = {**os.environ, "ANSIBLE_HOME": str(folder), "HOME": str(folder)}
    done = run("ansible-lint", "--offline", "--nocolor", copy, cwd=folder, env=environment)
    problems = [told(done)] if done.returncode else []
    tasks = copy / "roles/virt_host_compat/tasks/main.yml"
    tasks.write_text(tasks.read_text().replace('    mode: "0644"\n', ""))
    if run("ansible-lint", "--offline", "--nocolor", copy, cwd=folder, env=environment).returncode == 0:
        problems.append("ansible-lint takes a file without a mode")
    return problems


def the_role_sets_up_hosts(program: str, folder: Path) -> list[str]:
    """Two hosts, each this machine with a record in place of KVM, in a mount namespace where /etc is not the machine's."""
    collected = folder / "collected"
    collected.mkdir()
    inventory: dict = {"all": {"vars": {"ansible_connection": "local", "ansible_python_interpreter": "/usr/bin/python3", "virt_host_compat_collect": str(collected), "virt_host_compat_publish": ["ansible", "modes"]}, "children": {"power": {"hosts": {}}}}}
    for host in ("power10", "power10-as-power9"):
        wrapper = folder / f"program-{host}"
        wrapper.write_text(
            f"#!/bin/sh\ncase $1-$2 in show-*|publish-run|publish-print|publish-status) exec {program} \"$@\" --probe {RECORDS}/{host}.json ;; esac\nexec {program} \"$@\"\n"
        )
        wrapper.chmod(0o755)
        inventory["all"]["children"]["power"]["hosts"][host] = {"virt_host_compat_program": str(wrapper)}
    (folder / "inventory.json").write_text(json.dumps(inventory))
    playbook = folder / "play.yml"
    play = (HERE.parent / "ansible/baseline.yml").read_text().replace("virt_host_compat_program: virt-host-compat", f"virt_host_compat_program: {program}")
    play = play.replace("  hosts: power\n", "  hosts: power\n  serial: 1\n")
    fact = "    - name: Tell\n      ansible.builtin.debug:\n        msg: \"{{ inventory_hostname }} has {{ ansible_local.virt_host_compat.compat.modes | dict2items | selectattr('value') | map(attribute='key') | join(',') }}\"\n"
    playbook.write_text(play.replace("        name: virt_host_compat\n", "        name: virt_host_compat\n\n" + fact))
    script = "mount -t tmpfs -o mode=755 tmpfs /etc/ansible && mount -t tmpfs -o mode=755 tmpfs /etc/virt-host-compat && exec ansible-playbook -i inventory.json play.yml"
    made = [place for place in map(Path, ("/etc/ansible", "/etc/virt-host-compat")) if not place.exists()]
    for place in made:
        place.mkdir()
    environment = {**os.environ, "ANSIBLE_ROLES_PATH": str(HERE.parent / "ansible/roles"), "ANSIBLE_NOCOLOR": "1", "ANSIBLE_HOME": str(folder), "HOME": str(folder), "ANSIBLE_LOCALHOST_WARNING": "0"}
    done = run("unshare", "--mount", "sh", "-c", script, cwd=folder, env=environment)
    for place in made:
        place.rmdir()
    problems = [f"{words!r} is missing: {told(done)}" for words in ("power10 has power9,power10", "power10-as-power9 has power9\"", '"msg": "power9"', "failed=0") if words not in done.stdout]
    return problems or ([] if done.returncode == 0 and "failed=1" not in done.stdout else [told(done)])


def facter_reads_the_fact(program: str, folder: Path) -> list[str]:
    (folder / "virt_host_compat.json").write_text(published(program, "facter", "power10-as-power9"))
    answers = {mode: run("facter", "--external-dir", folder, f"virt_host_compat.compat.modes.{mode}").stdout.strip() for mode in ("power9", "power10")}
    problems = [] if answers == {"power9": "true", "power10": "false"} else [f"facter says {answers}"]
    (folder / "virt_host_compat.json").write_text("{")
    broken = run("facter", "--external-dir", folder, "virt_host_compat.compat.modes.power9").stdout.strip()
    return problems + ([] if broken != "true" else ["facter reads a broken file"])


def nova_loads_the_traits(program: str, folder: Path) -> list[str]:
    (folder / "virt-host-compat.yaml").write_text(published(program, "nova", "power10-as-power9"))
    script = "import sys, json; from nova.compute import provider_config; print(json.dumps(provider_config.get_provider_configs(sys.argv[1]), default=str))"
    done = run("/usr/bin/python3", "-c", script, folder)
    problems = [] if "CUSTOM_POWER_COMPAT_POWER9" in done.stdout and "POWER10" not in done.stdout else [told(done)]
    (folder / "virt-host-compat.yaml").write_text(published(program, "nova", "power10-as-power9").replace("CUSTOM_POWER", "power"))
    broken = run("/usr/bin/python3", "-c", script, folder)
    return problems + ([] if broken.returncode else ["Nova takes a trait that is none"])


def repository(folder: Path) -> Path:
    """A repository of documents: one that is valid and runs, and one that is neither."""
    place = folder / "documents"
    place.mkdir()
    shutil.copy(ROOT / "xml-tests/valid/modes-power9.xml", place / "good.xml")
    (place / "bad.xml").write_text((place / "good.xml").read_text().replace("supported='yes'", "supported='perhaps'"))
    shutil.copy(RECORDS / "power10-as-power9.json", place / "host.json")
    shutil.copy(ROOT / "xml-tests/domains/power9.xml", place / "runs.xml")
    shutil.copy(ROOT / "xml-tests/domains/power10.xml", place / "refused.xml")
    git(place, "init", "-q", ".")
    return place


def git(place: Path, *words: str) -> None:
    subprocess.run(["git", "-c", "user.name=test", "-c", "user.email=test@example.org", *words], cwd=place, check=True, capture_output=True)


def commit(place: Path) -> None:
    git(place, "add", "-A")
    git(place, "commit", "-qm", "documents")


def pre_commit_runs_the_hooks(program: str, folder: Path) -> list[str]:
    place, hooks = repository(folder), folder / "hooks"
    hooks.mkdir()
    shutil.copy(ROOT / ".pre-commit-hooks.yaml", hooks)
    git(hooks, "init", "-q", ".")
    commit(hooks)
    commit(place)
    environment = {**os.environ, "PATH": f"{Path(program).parent}:{os.environ['PATH']}", "HOME": str(folder), "PRE_COMMIT_HOME": str(folder / "cache")}
    problems = []
    (place / ".pre-commit-config.yaml").write_text(
        f"repos:\n- repo: file://{hooks}\n  rev: HEAD\n  hooks:\n  - id: virt-host-compat-validate\n  - id: virt-host-compat-check\n    args: [--host, host.json]\n"
    )
    for hook, name, passes in (("validate", "good.xml", True), ("validate", "bad.xml", False), ("check", "runs.xml", True), ("check", "refused.xml", False)):
        done = run("pre-commit", "run", f"virt-host-compat-{hook}", "--files", name, cwd=place, env=environment)
        if (done.returncode == 0) != passes or ("Passed" in done.stdout) != passes:
            problems.append(f"{hook} of {name}: {told(done)}")
    return problems


def gitlab_runs_the_template(program: str, npm: Path, folder: Path) -> list[str]:
    place = repository(folder)
    shutil.copy(HERE.parent / "gitlab/virt-host-compat.yml", place)
    (place / ".gitlab-ci.yml").write_text("include:\n  - local: virt-host-compat.yml\n")
    commit(place)
    environment = {**os.environ, "PATH": f"{Path(program).parent}:{os.environ['PATH']}", "HOME": str(folder)}
    problems = []
    for documents, domains, validates, checks in (("good.xml", "runs.xml", "PASS", "PASS"), ("bad.xml", "refused.xml", "FAIL", "FAIL")):
        variables = [word for name, value in (("CAPABILITIES", documents), ("DOMAINS", domains), ("HOST", "host.json")) for word in ("--variable", f"VIRT_HOST_COMPAT_{name}={value}")]
        done = run(npm / "node_modules/.bin/gitlab-ci-local", "--shell-executor-no-image", *variables, cwd=place, env=environment)
        words = " ".join(done.stdout.split())
        for job, wanted in (("validate", validates), ("check", checks)):
            if f"{wanted} virt-host-compat-{job}" not in words:
                problems.append(f"{job} of {documents}, {domains}: {told(done)}")
    return problems


def github_takes_the_action(npm: Path, folder: Path) -> list[str]:
    validator, action = npm / "node_modules/.bin/action-validator", HERE.parent / "github/action.yml"
    done = run(validator, action)
    problems = [told(done)] if done.returncode else []
    broken = folder / "action.yml"
    broken.write_text(action.read_text().replace("using: composite", "using: compost"))
    return problems + ([] if run(validator, broken).returncode else ["an action that uses nothing known is taken"])


def kubernetes_takes_the_objects(npm: Path, folder: Path) -> list[str]:
    place = HERE.parent / "kubernetes"
    done = run("node", HERE / "kubernetes.js", place / "daemonset.yaml", place / "pod.yaml", cwd=npm)
    problems = [told(done)] if done.returncode else []
    broken = folder / "daemonset.yaml"
    broken.write_text((place / "daemonset.yaml").read_text().replace("hostPath:", "hostPaths:").replace("containers:", "container:"))
    return problems + ([] if run("node", HERE / "kubernetes.js", broken, cwd=npm).returncode else ["a DaemonSet without containers is taken"])


def junit_is_read(program: str, folder: Path) -> list[str]:
    from junitparser import JUnitXml

    report = folder / "report.xml"
    problems = []
    for command, wrong in ((("validate", "--format", "junit", "valid/modes-power9.xml"), 0), (("check", "--format", "junit", "--host", "records/power10-as-power9.json", "domains/power9.xml", "domains/power10.xml"), 1)):
        report.write_text(run(program, *command, cwd=ROOT / "xml-tests").stdout)
        read = JUnitXml.fromfile(str(report))
        if read.failures != wrong or read.tests < 1:
            problems.append(f"{command}: {read.tests} tests, {read.failures} failures")
    return problems


def main(program: str, npm_folder: str) -> int:
    missing = [name for name in NEEDED if not shutil.which(name)]
    if missing or os.geteuid() != 0:
        return tap.skip_all(", ".join(missing) + " are not installed" if missing else "the role is tried in a mount namespace, which needs root")
    program, npm = str(Path(program).resolve()), Path(npm_folder)
    npm.mkdir(parents=True, exist_ok=True)
    shutil.copy(HERE / "package.json", npm)
    done = run("npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", cwd=npm)
    if done.returncode:
        print(f"Bail out! npm install: {told(done)}")
        return 1
    with tempfile.TemporaryDirectory() as temporary:

        def folder(name: str) -> Path:
            path = Path(temporary, name)
            path.mkdir()
            return path

        return tap.run(
            {
                "promtool takes the metrics": partial(promtool_takes_the_metrics, program),
                "promtool takes the rules and their tests": partial(promtool_takes_the_rules, folder("rules")),
                "the dashboard asks for what there is": partial(the_dashboard_asks_for_what_there_is, program),
                "an alert fires when a mode is lost": partial(an_alert_fires_when_a_mode_is_lost, program, folder("alert")),
                "ansible-lint is content": partial(ansible_lint_is_content, folder("lint")),
                "the role sets up two hosts and finds their baseline": partial(the_role_sets_up_hosts, program, folder("role")),
                "facter reads the fact": partial(facter_reads_the_fact, program, folder("facter")),
                "Nova loads the traits": partial(nova_loads_the_traits, program, folder("nova")),
                "pre-commit runs the hooks": partial(pre_commit_runs_the_hooks, program, folder("pre-commit")),
                "GitLab's pipeline runs": partial(gitlab_runs_the_template, program, npm, folder("gitlab")),
                "GitHub's schema takes the action": partial(github_takes_the_action, npm, folder("github")),
                "Kubernetes' schemas take the objects": partial(kubernetes_takes_the_objects, npm, folder("kubernetes")),
                "junitparser reads both reports": partial(junit_is_read, program, folder("junit")),
            }
        )


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
