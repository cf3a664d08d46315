# SPDX-License-Identifier: LGPL-2.1-or-later
"""The common parts of the integrations' tests: running a consumer, and reporting missing ones."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

INTEGRATIONS = Path(__file__).resolve().parent.parent
ROOT = INTEGRATIONS.parent
RECORDS = ROOT / "xml-tests/records"
# Debian's Python, which finds Debian's modules.
PYTHON = "/usr/bin/python3"
sys.path.insert(0, str(ROOT / "xml-tests"))

import tap  # noqa: E402


class Missing(Exception):
    """Raised if a consumer is not installed. The check is then skipped, or fails under CI, where all are installed."""


def need(*programs: str) -> None:
    if missing := [name for name in programs if shutil.which(name) is None]:
        raise Missing(f"not installed: {', '.join(missing)}")


def need_modules(*modules: str) -> None:
    for module in modules:
        if subprocess.run([PYTHON, "-c", f"import {module}"], capture_output=True, check=False).returncode:
            raise Missing(f"{PYTHON} has no module {module}")


def need_root() -> None:
    if os.geteuid() != 0:
        raise Missing("this needs root")


def run(*command: object, stdin: str = "", **more: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(word) for word in command], input=stdin, capture_output=True, text=True, check=False, timeout=600, **more)  # type: ignore[call-overload]


def told(done: subprocess.CompletedProcess[str]) -> str:
    return f"status {done.returncode}: {done.stdout[-1500:]}{done.stderr[-1500:]}"


def published(program: str, name: str, host: str) -> str:
    """The output of "publish print" for a recorded host."""
    return run(program, "publish", "print", name, "--probe", RECORDS / f"{host}.json").stdout


def documents(text: str) -> list[dict]:
    """The YAML documents of a text."""
    need_modules("yaml")
    done = run(PYTHON, "-c", "import json, sys, yaml; print(json.dumps(list(yaml.safe_load_all(sys.stdin))))", stdin=text)
    if done.returncode:
        raise AssertionError(told(done))
    return json.loads(done.stdout)


def replaced(text: str, old: str, new: str) -> str:
    """A broken copy of a text. It is an error if the copy does not differ."""
    if old not in text:
        raise AssertionError(f"{old!r} is not there any more")
    return text.replace(old, new)


def npm(folder: Path) -> Path:
    """The programs of the packages in package.json, which are installed into the folder if they are missing."""
    need("npm", "node")
    wanted = (INTEGRATIONS / "tests/package.json").read_text(encoding="utf-8")
    installed = folder / "installed.json"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w", encoding="utf-8") as lock:
        # Tests that run at the same time share the folder.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not installed.exists() or installed.read_text(encoding="utf-8") != wanted:
            (folder / "package.json").write_text(wanted, encoding="utf-8")
            # Do not run scripts of packages.
            done = run("npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", cwd=folder)
            if done.returncode:
                raise Missing(f"npm cannot install the packages of integrations/tests/package.json: {done.stderr[-400:]}")
            installed.write_text(wanted, encoding="utf-8")
    return folder / "node_modules/.bin"


def checked(check: Callable[[Path], list[str]]) -> list[str]:
    """Runs a check in a temporary folder."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            return check(Path(folder))
        except Missing as reason:
            if os.environ.get("CI") == "true":
                return [str(reason)]
            raise tap.Skipped(str(reason)) from reason
        except AssertionError as reason:
            return [str(reason)]


def run_checks(checks: Mapping[str, Callable[[Path], list[str]]]) -> int:
    return tap.run({name: partial(checked, check) for name, check in checks.items()})
